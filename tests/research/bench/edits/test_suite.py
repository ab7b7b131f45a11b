"""The benchmark of edits on a tiny model: complete, resumable, and true about the truth."""

import json

import pytest
import torch

from yuragi.models.names import load_model
from yuragi.models.opening import Opening
from yuragi.research.bench.edits import suite
from yuragi.research.bench.edits.cases import holes, pairs
from yuragi.research.bench.edits.cells import Chosen, Store
from yuragi.research.bench.edits.report import contact_sheet, markdown
from yuragi.research.bench.edits.suite import SAMPLERS, TASKS, Sizes, bench_edits
from yuragi.research.bench.edits.tuning import FINALISTS
from yuragi.research.bench.kept import Kept
from yuragi.research.bench.report import Origin
from yuragi.research.train.pairs import KINDS

pytestmark = pytest.mark.slow
STRENGTHS = {"inpaint": (1.0,), "sdedit": (0.5, 1.0), "translate": (1.0,), "diffedit": (1.0,)}
SIZES = Sizes(each=1, tuned=1, finals=1, steps=(3,), scales=(1.0, 3.0))


@pytest.fixture(scope="module")
def run(pipeline_folder, tmp_path_factory, small_trunk):
    folder = tmp_path_factory.mktemp("edits")
    patch = pytest.MonkeyPatch()
    patch.setattr(suite, "TUNED_AT", 2)
    patch.setattr(suite, "STRENGTHS", STRENGTHS)

    def call():
        seen = []
        found = bench_edits(
            str(pipeline_folder),
            folder / "runs",
            SIZES,
            0,
            torch.device("cpu"),
            lambda done, total: seen.append((done, total)),
        )
        return *found, seen

    yield call
    patch.undo()


@pytest.fixture(scope="module")
def first(run):
    return run()


def test_every_cell_is_there(first):
    report, _, seen = first
    assert json.loads(json.dumps(report)) == report
    cells = {(c["task"], c["steps"], c["sampler"]) for c in report["cells"]}
    assert cells == {(t, n, s) for t in TASKS for n in SIZES.steps for s in SAMPLERS}
    assert report["n"] == len(KINDS)
    trials = [2 * len(each) for each in STRENGTHS.values()]
    trials += [min(FINALISTS, each) for each in trials]
    assert seen[-1] == (len(SAMPLERS) * (sum(trials) + len(TASKS)),) * 2
    for cell in report["cells"]:
        assert cell["scale"] in SIZES.scales
        assert cell["strength"] in STRENGTHS[cell["task"]]
        tried = report["tuning"][f"{cell['task']} {cell['sampler']}"]
        again = [trial for trial in tried if "finals" in trial]
        others = [trial["fidelity"] for trial in tried if "finals" not in trial]
        assert len(again) == min(FINALISTS, len(tried))
        assert min(trial["fidelity"] for trial in again) >= max(others, default=0)
        best = max(again, key=lambda trial: trial["finals"]["fidelity"])
        assert (cell["strength"], cell["scale"]) == (best["strength"], best["scale"])
        assert 0 <= cell["identity"] <= 1
        assert ("success" in cell) == (cell["task"] != "inpaint")


@pytest.mark.parametrize("task", TASKS)
def test_all_samplers_do_the_same_work(task, pipeline_folder, tmp_path):
    model = load_model(str(pipeline_folder), Opening(device="cpu"))
    store = Store(model, 0, Kept(tmp_path, Origin("abc", "a cpu")))
    cases = holes("validation", 2, 0) if task == "inpaint" else pairs("validation", 7, 0)
    found = [
        store.cell(TASKS[task], cases, sampler, 4, Chosen(1.0, 3.0)).spent[0]
        for sampler in SAMPLERS
    ]
    assert found[0] == found[1] == found[2] > 0


def test_differences_are_paired(first):
    report, _, _ = first
    means = {(c["task"], c["steps"], c["sampler"]): c for c in report["cells"]}
    assert len(report["contrasts"]) == 3 * len(TASKS)
    for row in report["contrasts"]:
        of, to = (means[row["task"], row["steps"], row[side]] for side in ("of", "to"))
        assert row["psnr"]["value"] == pytest.approx(of["psnr"] - to["psnr"])
        assert row["psnr"]["low"] <= row["psnr"]["value"] <= row["psnr"]["high"]


def test_doing_nothing_is_right_outside_of_the_change(first):
    report, _, _ = first
    for task, bounds in report["bounds"].items():
        assert bounds["nothing"]["background"] == 0
        assert bounds["nothing"]["psnr_out"] > 40
        assert bounds["nothing"]["psnr_in"] < 25, task
    for cell in report["cells"]:
        if cell["task"] in ("inpaint",):
            assert cell["background"] == pytest.approx(0, abs=0.005)


def test_a_run_goes_on_where_it_was(first, run):
    again, _, _ = run()
    assert again == first[0]  # seconds included: nothing was drawn again


def test_tables_and_sheet(first):
    report, shown, _ = first
    text = markdown(report)
    assert text.count("\n| translate |") == 3 + 2 + 3
    assert "| lpips | 4 |" in text
    assert "| adaptive - sde |" in text
    assert set(shown) >= {"inpaint truth", "diffedit before", "sdedit sde 3"}
    assert contact_sheet(shown).width == 7 * 256


def test_cases_are_spread_over_the_kinds():
    found = pairs("benchmark", 14, 0)
    assert found.kinds == [kind for kind in KINDS for _ in range(2)]
    for source, prompt in zip(found.source_prompts, found.prompts, strict=True):
        assert source != prompt
    assert bool(found.change.flatten(1).any(1).all())
    assert (found.before - found.truth).abs()[
        (~found.change)[:, None].expand(-1, 3, -1, -1)
    ].max() < 0.07
    filled = holes("benchmark", 8, 0)
    assert sorted(set(filled.kinds)) == ["box", "ellipse", "half", "stroke"]
    shares = filled.change.float().mean((1, 2))
    assert bool(((shares > 0.05) & (shares <= 0.5)).all())
    assert (filled.before[filled.change[:, None].expand(-1, 3, -1, -1)] == 0).all()
