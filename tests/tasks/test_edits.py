"""Every edit by words, from a picture to a picture: masks, replay, batches, costs, refusals."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import yuragi
from numeric.moments import SCHEDULES
from promises import (
    assert_different,
    assert_equal_to_rounding,
    assert_identical,
    assert_untouched_outside,
)
from yuragi import Guidance, InputError
from yuragi.core import epsilon
from yuragi.tasks.build import build
from yuragi.tasks.context import mask_cells
from yuragi.tasks.diffedit import DiffEditRequest
from yuragi.tasks.invert import InvertRequest
from yuragi.tasks.record import public
from yuragi.tasks.replay import read_result, replay
from yuragi.tasks.run import run, run_all
from yuragi.tasks.tasks import TASKS

# An untrained network says so little that only a large scale is seen beyond rounding.
QUICK = {"num_inference_steps": 5, "guidance_scale": 40.0, "seed": 3}
PROMPTS = {"source_prompt": "a person with red hair", "prompt": "a person with black hair"}
MASK_SAMPLES = DiffEditRequest.model_fields["mask_samples"].default
SHORT = {"num_inference_steps": 2, "model": "portraits"}
FORMS = ("sde", "ode", "adaptive")
STEPS = {"inpaint": 5, "sdedit": 3, "translate": 4, "diffedit": 3, "invert": 5}


@pytest.fixture(scope="module")
def photo():
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture(scope="module")
def mask():
    pixels = np.zeros((48, 64), np.uint8)
    pixels[10:37, 14:53] = 255  # no multiple of a cell on any side
    return Image.fromarray(pixels)


@pytest.fixture(scope="module")
def edits(tiny, photo, mask):
    """Task -> (options) -> result."""
    return {
        "inpaint": lambda **o: tiny.inpaint(photo, mask, prompt="red hair", **QUICK | o),
        "sdedit": lambda **o: tiny.sdedit(photo, prompt="red hair", **QUICK | o),
        "translate": lambda **o: tiny.translate(photo, **PROMPTS, **QUICK | o),
        "diffedit": lambda **o: tiny.diffedit(photo, **PROMPTS, **QUICK | o),
        "invert": lambda **o: tiny.invert(
            photo, prompt="red hair", **QUICK | {"guidance_scale": 1.0} | o
        ),
    }


pytestmark = pytest.mark.filterwarnings("ignore:the reconstruction")


@pytest.mark.parametrize("sampler", FORMS)
def test_a_mask_that_is_white_everywhere_is_no_mask(tiny, photo, sampler):
    white = Image.new("L", photo.size, 255)
    masks = [None, white]
    without, within = (
        tiny.sdedit(photo, prompt="red hair", mask=each, sampler=sampler, **QUICK) for each in masks
    )
    assert_identical(within.image, without.image)
    assert within.request == without.request


def test_a_crop_needs_a_mask(tiny, photo):
    with pytest.raises(InputError, match=r"^crop must be auto, whole or off without a mask.* 20\)"):
        tiny.sdedit(photo, prompt="red hair", crop=20, **QUICK)


def test_without_prompts_there_is_one_side_to_evaluate(tiny, photo, mask):
    """Its pictures are those of two sides, whose difference would be 0."""
    alone = tiny.inpaint(photo, mask, **QUICK)
    assert alone.evaluations == STEPS["inpaint"]
    unguided = tiny.inpaint(photo, mask, **QUICK | {"guidance_scale": 1.0})
    assert_identical(alone.image, unguided.image)


def test_padding_beside_a_hole_can_change_with_it(tiny):
    """It repeats what the hole covered, which would leak back if it stayed."""
    hole = torch.zeros(1, 1, 50, 70)  # padded to 64 x 80: 16 x 20 cells
    hole[..., 20:, 40:] = 1
    wanted = torch.zeros(1, 1, 16, 20)
    wanted[..., 5:, 10:] = 1
    assert torch.equal(mask_cells(hole, tiny.loaded), wanted)


@pytest.fixture(scope="module")
def made(edits):
    return {(task, s): edits[task](sampler=s) for task in edits for s in FORMS}


EVALUATIONS = {
    # Both sides of guidance; a followed path also asks the source, unguided; inversion climbs.
    ("inpaint", "sde"): 5 * 2,
    ("inpaint", "ode"): 5 * 2,
    ("sdedit", "sde"): 3 * 2,
    ("sdedit", "ode"): 3 * 2,
    ("translate", "sde"): 4 * 3,
    ("translate", "ode"): 4 * 3,
    # The mask: ten noises under two prompts.
    ("diffedit", "sde"): 20 + 3 * 3,
    ("diffedit", "ode"): 20 + 3 * 3,
    ("invert", "sde"): 5 * 2,
    ("invert", "ode"): 5 * 2,
}
EVALUATIONS |= {(task, "adaptive"): EVALUATIONS[task, "sde"] for task in STEPS}


@pytest.mark.parametrize("case", EVALUATIONS, ids=" ".join)
def test_every_task_in_both_forms(made, case, photo):
    result, (task, sampler) = made[case], case
    assert result.image.size == photo.size
    assert result.request.kind == task
    assert result.request.sampler == sampler
    assert result.request.solver == ("ddpm" if sampler == "sde" else "ddim")
    assert result.evaluations == EVALUATIONS[case]
    if task != "invert":
        assert_different(result.image, photo)
        for other in set(FORMS) - {sampler}:
            assert_different(result.image, made[task, other].image)


@pytest.mark.parametrize("sampler", FORMS)
@pytest.mark.parametrize("task", STEPS)
def test_replay_is_identical(made, tmp_path, tiny, task, sampler):
    path = tmp_path / "out.png"
    made[task, sampler].save(path)
    record, kept = read_result(path)
    assert record.request == public(made[task, sampler].request)
    assert replay(record, kept, tiny.loaded, []).difference == 0


@pytest.mark.parametrize("sampler", FORMS)
@pytest.mark.parametrize("task", ["inpaint", "sdedit", "translate", "diffedit"])
def test_outside_the_mask_pixels_are_the_inputs(edits, photo, mask, task, sampler):
    result = edits[task](sampler=sampler, **{} if task == "inpaint" else {"mask": mask})
    assert_untouched_outside(result.image, photo, mask)


def test_diffedit_finds_its_mask_and_shows_it(made, edits, photo, mask):
    found = made["diffedit", "sde"].mask
    assert found.size == photo.size
    assert set(found.tobytes()) <= {0, 255}
    assert 0 < np.array(found).mean() < 255
    assert_untouched_outside(made["diffedit", "sde"].image, photo, found)
    assert_identical(made["diffedit", "ode"].mask, found)  # found before the sampler begins
    smaller = edits["diffedit"](mask_threshold=0.9).mask
    assert np.array(smaller).sum() < np.array(found).sum()
    within = edits["diffedit"](mask=mask).mask
    assert not np.any(np.array(within)[np.array(mask) == 0])


def test_outpainting_keeps_the_picture_inside(tiny, photo, tmp_path):
    result = tiny.inpaint(photo, prompt="red", expand=(8, 0, 4, 16), **QUICK)
    assert result.image.size == (64 + 12, 48 + 16)
    inside = result.image.crop((8, 0, 72, 48))
    assert_identical(inside, photo)
    assert result.request.expand == (8, 0, 4, 16)
    path, source = tmp_path / "out.png", tmp_path / "photo.png"
    result.save(path, embed_sources=False)
    photo.save(source)
    record, kept = read_result(path)
    assert replay(record, kept, tiny.loaded, [source]).difference == 0


def test_candidates_do_not_depend_on_one_another(edits):
    for task in ("inpaint", "translate"):
        several = edits[task](num_images=3)
        alone = edits[task]()
        assert len(several.images) == 3
        assert_equal_to_rounding(several.images[0], alone.image)
        assert_different(several.images[0], several.images[1])


def test_progress_reaches_the_end_and_can_cancel(edits):
    class Stop(Exception):
        pass

    for task, steps in STEPS.items():
        for sampler in FORMS:
            seen = []
            edits[task](sampler=sampler, on_progress=lambda *done: seen.append(done))  # noqa: B023
            climbs = sampler == "ode" and task in ("translate", "diffedit", "invert")
            searches = MASK_SAMPLES if task == "diffedit" else 0
            total = steps * (2 if climbs else 1) + searches
            assert seen == [(k + 1, total) for k in range(total)], (task, sampler)

    def stop(done, total):
        raise Stop

    with pytest.raises(Stop):
        edits["sdedit"](on_progress=stop)


def test_an_inversion_reports_its_error(edits):
    for sampler in ("sde", "adaptive"):
        cycle = edits["invert"](sampler=sampler).reconstruction
        assert cycle.psnr > 45  # exact but for rounding
        assert len(cycle.curve) == 5
        assert max(cycle.curve) < 1e-4
    assert cycle.codec_psnr < cycle.psnr
    coarse = edits["invert"](num_inference_steps=4)
    fine = edits["invert"](num_inference_steps=40).reconstruction
    assert coarse.request.sampler == "ode"
    assert fine.curve[-1] < coarse.reconstruction.curve[-1]
    told = json.loads(json.dumps(coarse.report(), allow_nan=False))["reconstruction"]
    assert told["psnr"] == coarse.reconstruction.psnr
    assert told["curve"] == coarse.reconstruction.curve


def test_several_inversions_count_their_steps_together(tiny, photo):
    seen = []
    built = [build(InvertRequest, {"image": photo, "seed": s} | SHORT) for s in (0, 1)]
    sources = {key: picture for _, named in built for key, picture in named.items()}
    requests = [request for request, _ in built]
    run_all(requests, tiny.loaded, sources, lambda *done: seen.append(done))
    assert seen == [(k + 1, 8) for k in range(8)]


def test_a_bad_inversion_warns():
    model, photo = yuragi.load("portraits", "cpu"), Image.new("RGB", (64, 64), "red")
    with pytest.warns(yuragi.YuragiWarning, match="the reconstruction is only"):
        bad = model.invert(photo, sampler="ode", num_inference_steps=2, guidance_scale=8.0, seed=0)
    assert bad.reconstruction.psnr < 25
    assert any(each.startswith("the reconstruction is only") for each in bad.warnings)


@pytest.mark.parametrize("gain", ["reg_forward", "ratio"])
def test_any_guidance_goes_into_any_edit(edits, gain):
    plain = edits["translate"](guidance_scale=40.0)
    other = edits["translate"](guidance_scale=40.0, guidance=Guidance(gain=gain))
    assert_different(plain.image, other.image)
    assert other.evaluations == plain.evaluations + 4 * {"reg_forward": 1, "ratio": 2}[gain]


def test_variants_of_a_task(edits):
    chain = edits["translate"]()
    friendly = edits["translate"](encoder="independent")
    assert_different(chain.image, friendly.image)
    once, twice = edits["inpaint"](), edits["inpaint"](resample=2)
    assert_different(once.image, twice.image)
    assert twice.evaluations == 2 * (2 * 4 + 1)  # the last step ends clean: nothing to repeat
    eta = edits["translate"](eta=0.5)
    assert eta.request.solver == "ddim"
    assert_different(chain.image, eta.image)


BAD = [
    ("inpaint", {"strength": 0.0}, "strength"),
    ("sdedit", {"strength": 1.1}, "strength"),
    ("sdedit", {"strength": 0.1}, "num_inference_steps"),
    ("sdedit", {"num_images": 0}, "num_images"),
    ("translate", {"sampler": "both"}, "sampler"),
    ("translate", {"eta": 1.6}, "eta"),
    ("translate", {"eta": -0.1}, "eta"),
    ("translate", {"eta": 0.0}, "eta"),
    ("translate", {"sampler": "ode", "eta": 0.5}, "eta"),
    ("translate", {"sampler": "ode", "solver": "ddpm"}, "solver"),
    ("translate", {"solver": "ddim"}, "solver"),
    ("translate", {"solver": "churn"}, "solver"),
    ("diffedit", {"solver": "churn"}, "solver"),
    ("invert", {"solver": "churn"}, "solver"),
    ("sdedit", {"solver": "churn", "sampler": "ode"}, "solver"),
    ("inpaint", {"solver": "churn", "resample": 2}, "solver"),
    ("inpaint", {"solver": "sde-dpm++2m", "resample": 2}, "solver"),
    ("translate", {"solver": "magic"}, "solver"),
    ("translate", {"sampler": "adaptive", "solver": "sde-dpm++"}, "solver"),
    ("translate", {"sampler": "adaptive", "eta": 0.0}, "eta"),
    ("inpaint", {"sampler": "adaptive", "resample": 2}, "resample"),
    ("translate", {"source_guidance_scale": -1.0}, "source_guidance_scale"),
    ("translate", {"encoder": "magic"}, "encoder"),
    ("translate", {"seed": -1}, "seed"),
    ("translate", {"colour": "red"}, "colour"),
    ("diffedit", {"mask_threshold": 1.0}, "mask_threshold"),
    ("diffedit", {"mask_samples": 0}, "mask_samples"),
    ("diffedit", {"mask_strength": 0.0}, "mask_strength"),
    ("inpaint", {"resample": 2, "sampler": "ode"}, "resample"),
    ("inpaint", {"resample": 0}, "resample"),
    ("inpaint", {"expand": (1, 2, 3)}, "expand"),
    ("inpaint", {"expand": (-1, 0, 0, 0)}, "expand"),
]


@pytest.mark.parametrize(("task", "options", "name"), BAD)
def test_bad_values_are_named_before_the_model_runs(edits, task, options, name):
    def never(done, total):
        pytest.fail("the model ran")

    with pytest.raises(InputError, match=f"^{name}[: ]"):
        edits[task](on_progress=never, **options)


@pytest.mark.parametrize("task", ["inpaint", "sdedit"])
def test_churn_redraws_like_every_solver_with_noise(edits, task):
    one, again, other = (edits[task](solver="churn", seed=seed) for seed in (3, 3, 4))
    assert_identical(one.image, again.image)
    assert_different(one.image, other.image)
    several = edits[task](solver="churn", num_images=2)
    assert_equal_to_rounding(several.images[0], one.image)
    assert_different(*several.images)


def test_masks_that_leave_nothing(tiny, photo):
    black, white = (Image.new("L", photo.size, level) for level in (0, 255))
    with pytest.raises(InputError, match="^mask[: ].*all black"):
        tiny.inpaint(photo, black, prompt="red", **QUICK)
    with pytest.raises(InputError, match="^mask: nothing .* would stay .all white.; make black"):
        tiny.inpaint(photo, white, prompt="red", **QUICK)
    with pytest.raises(InputError, match="^mask is missing"):
        tiny.inpaint(photo, prompt="red", **QUICK)


def test_translation_needs_to_know_the_source(tiny, photo):
    with pytest.raises(InputError, match="^source_prompt must be .*' '"):
        tiny.translate(photo, source_prompt=" ", prompt="red", **QUICK)
    with pytest.raises(InputError, match=r"^prompt must be another .*given: red\)"):
        tiny.diffedit(photo, source_prompt="red", prompt="red", **QUICK)


def test_requests_are_complete(made):
    """Every default is a number in the file, so that later defaults do not change it."""
    for (task, sampler), result in made.items():
        values = json.loads(result.request.model_dump_json())
        optional = {"mask", "eta", "guidance"}
        assert all(v is not None for k, v in values.items() if k not in optional), (task, sampler)


def test_the_package_offers_the_tasks():
    for task in STEPS:
        assert callable(getattr(yuragi.Model, task))


@pytest.mark.parametrize("task", STEPS)
@pytest.mark.parametrize("sampler", FORMS)
def test_a_level_without_signal_is_refused_before_the_network_runs(
    tiny, photo, mask, task, sampler
):
    """Also where the picture first ascends to that level, which costs half of an edit."""
    model = tiny.loaded
    last = replace(model.denoiser, schedule=SCHEDULES["table-zero-snr"], prediction=epsilon)
    counted, counter = replace(model, denoiser=last).counting()
    options = {"image": photo, "prompt": "red hair", "sampler": sampler, "strength": 1.0}
    if task == "inpaint":
        options["mask"] = mask
    if task in ("translate", "diffedit"):
        options["source_prompt"] = "blond hair"
    request, sources = build(TASKS[task], {"model": str(model.path)} | options | QUICK)
    with pytest.raises(InputError, match="^prediction_type: noise does not determine the picture"):
        run(request, counted, sources)
    assert counter.evaluations == 0
