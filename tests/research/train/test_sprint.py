"""A sprint in miniature: from a pack of one machine to a pack that another goes on from."""

import json

import pytest
import torch

from yuragi import __version__
from yuragi.errors import InputError
from yuragi.research.train.loop import read_checkpoint
from yuragi.research.train.packing import pack, unpack
from yuragi.research.train.recipe import export_pipeline, run_autoencoder, run_denoiser
from yuragi.research.train.sprint import Plan, sprint

CPU = torch.device("cpu")


def nothing(*arguments):
    """No progress."""


@pytest.mark.slow
def test_a_run_goes_from_machine_to_machine(small_recipe, tmp_path):
    recipe, data, here, there = small_recipe, tmp_path / "data", tmp_path / "a", tmp_path / "b"
    run_autoencoder(recipe, here, data, CPU, nothing, nothing)
    run_denoiser(recipe, here, data, CPU, nothing, nothing)
    pack(here, tmp_path / "carried")
    unpack(tmp_path / "carried", there)

    plan = Plan(0.2, 0.02, 0.03, factor=4, samples=2, seed=0)
    output = tmp_path / "out"
    reports = []
    report = sprint(recipe, plan, there, data, output, CPU, lambda phase: nothing, reports.append)
    assert report == json.loads((output / "report.json").read_text())
    assert (report["benchmark"], report["version"]) == ("sprint", __version__)
    assert report["commit"]
    first, step = recipe.denoiser.steps, report["step"]
    assert (step - first) % 4 == 0
    assert step > first
    assert report["samples_of_this_run"] == (step - first) * recipe.denoiser.batch
    assert report["samples_seen"] == step * recipe.denoiser.batch
    assert report["loss_curve"][-1][0] <= report["samples_seen"]
    assert set(report["measured"]["accuracy"]) == {"generated", "drawings"}
    for kind, shares in report["measured"]["accuracy"].items():
        without = [share for name, share in shares.items() if name != "eyebrows"]
        assert report["measured"]["mean_accuracy"][kind] == pytest.approx(sum(without) / 10)
    assert read_checkpoint(there / "autoencoder")[1]["step"] != "3"
    # The time for training ends where the plan says, whatever an update takes (0.3 s here at most).
    spent = sum(report["seconds"][name] for name in ("drawing", "autoencoder", "denoiser"))
    assert 60 * (plan.minutes - plan.reserve) <= spent < 60 * (plan.minutes - plan.reserve) + 3
    names = {file.name for file in output.iterdir()}
    assert names == {*report["files"], "report.json", "log.jsonl", "samples.png"}

    unpack(output, here, overwrite=True)
    longer = recipe.denoiser.model_copy(update={"steps": step + 2})
    recipe = recipe.model_copy(update={"denoiser": longer})
    run_denoiser(recipe, here, data, CPU, nothing, nothing)
    assert read_checkpoint(here / "denoiser")[1] == {"step": str(step + 2), "updates": "2"}
    assert export_pipeline(recipe, here, tmp_path / "pipeline") == step + 2


def test_a_sprint_that_is_over_before_it_trains_says_so(small_recipe, tmp_path):
    recipe, data, runs = small_recipe, tmp_path / "data", tmp_path / "runs"
    run_autoencoder(recipe, runs, data, CPU, nothing, nothing)
    plan = Plan(1e-6, 0.0, 0.0, 1, 2, 0)
    with pytest.raises(InputError, match=r"^minutes: they were over"):
        sprint(recipe, plan, runs, data, tmp_path / "out", CPU, lambda phase: nothing, nothing)


def test_a_plan_without_time_to_train_is_refused():
    with pytest.raises(InputError, match=r"^minutes must be more than 3"):
        Plan(3.0, 2.0, 1.0, 16, 8, 0)


def test_a_sprint_without_an_autoencoder_is_refused(small_recipe, tmp_path):
    plan = Plan(1.0, 0.0, 0.5, 1, 2, 0)
    with pytest.raises(InputError, match="yuragi train autoencoder"):
        sprint(
            small_recipe,
            plan,
            tmp_path / "runs",
            tmp_path / "data",
            tmp_path / "out",
            CPU,
            lambda phase: nothing,
            nothing,
        )
