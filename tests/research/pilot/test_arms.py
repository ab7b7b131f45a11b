import shutil

import numpy as np
import pytest
from PIL import Image

from piloting import changed_draft, write_draft
from yuragi.errors import InputError
from yuragi.models.names import load_weak
from yuragi.research.pilot import arms
from yuragi.research.pilot.arms import check_requests, fix, request_of, sources_of
from yuragi.research.pilot.kept import keep, kept_picture
from yuragi.research.pilot.plan import read_draft
from yuragi.research.pilot.run import run_plan


def test_every_arm_fits_the_budget_with_its_own_steps(small):
    plan, _, _ = small
    counts = [count for arms in plan.evaluations.values() for count in arms.values()]
    assert all(8 * 0.7 <= count <= 8 for count in counts)
    steps = {arm: each["num_inference_steps"] for arm, each in plan.requests["red-0"].items()}
    assert steps["gain"] < steps["sde"]  # an evaluation more at each step


def test_arms_differ_in_their_options_only(small):
    plan, _, _ = small
    ode, sde = (request_of(plan, "red-1", arm, 17) for arm in ("ode", "sde"))
    assert (ode.seed, ode.image, ode.prompt) == (sde.seed, sde.image, sde.prompt)
    assert (ode.sampler, sde.sampler, ode.seed) == ("ode", "sde", 17)


def test_a_budget_that_an_arm_cannot_use(pipeline_folder, tiny, tmp_path):
    draft = read_draft(write_draft(tmp_path, pipeline_folder))
    tight = draft.budget.model_copy(update={"evaluations": 7, "tolerance": 0.01})
    with pytest.raises(InputError, match=r"edit red-0, arm ode can use 6"):
        fix(draft.model_copy(update={"budget": tight}), tmp_path, tiny.loaded, lambda *_: None)


def test_without_a_budget_every_arm_keeps_its_own_steps(pipeline_folder, tiny, tmp_path):
    path = write_draft(tmp_path, pipeline_folder)
    text = path.read_text("utf-8").replace("evaluations = 8\n", "")
    for sampler, steps in (("ode", 3), ("sde", 5)):
        own = f'sampler = "{sampler}", num_inference_steps = {steps}'
        text = text.replace(f'sampler = "{sampler}"', own)
    path.write_text(text, "utf-8")
    plan = fix(read_draft(path), tmp_path, tiny.loaded, lambda *_: None)
    for arms_of_edit in plan.requests.values():
        steps = [request["num_inference_steps"] for request in arms_of_edit.values()]
        assert steps == [3, 5]


def test_an_edit_whose_evaluations_no_steps_change(pipeline_folder, tiny, tmp_path):
    path = write_draft(tmp_path, pipeline_folder)
    text = path.read_text("utf-8").replace('task = "sdedit"', 'task = "drag"')
    drag = 'points = ["20,20:24,20"]\nmotion = "bend"'  # a warp, with nothing left to imagine
    path.write_text(text.replace('prompt = "a person with red hair"', drag), "utf-8")
    with pytest.raises(InputError, match=r"edit red-0, arm ode can use 0, not as many"):
        fix(read_draft(path), tmp_path, tiny.loaded, lambda *_: None)


def test_an_option_that_a_task_does_not_have(pipeline_folder, tiny, tmp_path):
    path = write_draft(tmp_path, pipeline_folder)
    path.write_text(path.read_text("utf-8").replace('sampler = "sde"', "speed = 3"), "utf-8")
    with pytest.raises(InputError, match="edit red-0, arm sde: speed"):
        fix(read_draft(path), tmp_path, tiny.loaded, lambda *_: None)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('sampler = "sde"', 'seed = 7, sampler = "sde"', r"arm sde.options.seed: the pilot sets"),
        ('sampler = "sde"', 'model = "x", sampler = "sde"', r"arm sde.options.model: the pilot"),
        ('sampler = "sde"', 'num_inference_steps = 9, sampler = "sde"', r"steps: .*budget.*\(9\)"),
        (
            "guidance_scale",
            'image = "x.png"\nguidance_scale',
            r"edit red-0.options.image: the pilot",
        ),
        ('sampler = "sde"', 'sampler = "ode"', r"arm sde.options: .* same requests as arm ode"),
        # The default of the option, so nothing but the spelling differs.
        (
            'sampler = "sde"',
            'sampler = "ode", num_images = 1',
            r"arm sde.options: .* same requests",
        ),
    ],
)
def test_options_that_would_have_no_effect(pipeline_folder, tmp_path, old, new, message):
    path = changed_draft(tmp_path, pipeline_folder, old, new)
    with pytest.raises(InputError, match=message):
        check_requests(read_draft(path), tmp_path)


def test_copies_of_a_picture_are_one_picture(pipeline_folder, tiny, tmp_path):
    path = write_draft(tmp_path, pipeline_folder)
    for k in (1, 2):
        shutil.copy(tmp_path / "picture-0.png", tmp_path / f"picture-{k}.png")
    assert len(set(check_requests(read_draft(path), tmp_path).values())) == 2
    with pytest.raises(InputError, match=r"too few different pictures \(2\); .* three"):
        fix(read_draft(path), tmp_path, tiny.loaded, lambda *_: None)


def test_a_picture_that_changed_after_the_plan(pipeline_folder, tiny, tmp_path):
    draft = read_draft(write_draft(tmp_path, pipeline_folder))
    plan = fix(draft, tmp_path, tiny.loaded, lambda *_: None)
    assert len(sources_of(plan, tmp_path)) == 4
    Image.new("RGB", (64, 64)).save(tmp_path / "picture-2.png")
    with pytest.raises(InputError, match=r"edit red-2, arm ode: image: its pixels changed"):
        sources_of(plan, tmp_path)


@pytest.fixture
def masked(pipeline_folder, tiny, tmp_path):
    """A plan whose second arm has a mask of its own, and its folder."""
    path = write_draft(tmp_path, pipeline_folder)
    text = path.read_text("utf-8")
    own = 'sampler = "sde", mask = "right.png"'
    path.write_text(text.replace('sampler = "sde"', own), "utf-8")
    mask = Image.new("L", (64, 64))
    mask.paste(255, (32, 0, 64, 64))
    mask.save(tmp_path / "right.png")
    return fix(read_draft(path), tmp_path, tiny.loaded, lambda *_: None), tmp_path


def test_an_arm_with_a_mask_of_its_own_runs(masked, tiny):
    plan, folder = masked
    run_plan(plan, folder, folder / "out", tiny.loaded, lambda *_: None)
    before = np.asarray(Image.open(folder / "picture-0.png"))
    made = np.asarray(Image.open(folder / f"out/results/red-0.{plan.seeds[0]}.sde.png"))
    assert (made[:, :32] == before[:, :32]).all()
    assert (made[:, 32:] != before[:, 32:]).any()


def test_a_mask_of_an_arm_that_changed_after_the_plan(masked):
    plan, folder = masked
    assert len(sources_of(plan, folder)) == 5
    Image.new("L", (64, 64), 255).save(folder / "right.png")
    with pytest.raises(InputError, match=r"edit red-0, arm sde: mask: its pixels changed"):
        sources_of(plan, folder)


def test_every_arm_keeps_its_own_picture_before_the_edit(pipeline_folder, tiny, tmp_path):
    path = write_draft(tmp_path, pipeline_folder)
    text = path.read_text("utf-8").replace('task = "sdedit"', 'task = "inpaint"')
    for sampler, margins in (("ode", [0, 0, 0, 16]), ("sde", [0, 16, 0, 0])):
        own = f'sampler = "{sampler}", expand = {margins}'
        text = text.replace(f'sampler = "{sampler}"', own)
    path.write_text(text, "utf-8")
    plan = fix(read_draft(path), tmp_path, tiny.loaded, lambda *_: None)
    sources = sources_of(plan, tmp_path)
    keep(plan, sources, tmp_path / "out")
    requests = [request_of(plan, "red-1", arm, 3) for arm in ("ode", "sde")]
    assert requests[0].image.digest != requests[1].image.digest
    for request in requests:
        kept = kept_picture(tmp_path / "out", request.image.digest)
        assert (np.asarray(kept) == np.asarray(sources[request.image.digest])).all()


def test_a_weaker_model_is_loaded_once(pipeline_folder, tiny, tmp_path, monkeypatch):
    path = write_draft(tmp_path, pipeline_folder)
    weak = f'guidance = {{ rule = {{ name = "auto", weak_model = "{pipeline_folder}" }} }}'
    text = path.read_text("utf-8")
    for sampler in ("ode", "sde"):
        text = text.replace(f'sampler = "{sampler}"', f'sampler = "{sampler}", {weak}')
    path.write_text(text.replace("guidance_scale = 2.0\n", ""), "utf-8")
    loaded = []

    def load(name, strong):
        loaded.append(name)
        return load_weak(name, strong)

    monkeypatch.setattr(arms, "load_weak", load)
    plan = fix(read_draft(path), tmp_path, tiny.loaded, lambda *_: None)
    assert loaded == [str(pipeline_folder)]
    assert plan.weak_weights == {str(pipeline_folder): tiny.loaded.weights}
    # Weights that were replaced since are noticed before anything runs.
    changed = plan.model_copy(update={"weak_weights": {str(pipeline_folder): "0" * 64}})
    with pytest.raises(InputError, match="weak_model: it has other weights"):
        run_plan(changed, tmp_path, tmp_path / "changed", tiny.loaded, lambda *_: None)
    rows = run_plan(plan, tmp_path, tmp_path / "out", tiny.loaded, lambda *_: None)
    assert {row.weak_weights for row in rows} == {tiny.loaded.weights}
