"""Running requests: exactness, counting, progress, cancelling, replay."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from promises import (
    assert_different,
    assert_equal_to_rounding,
    assert_identical,
    assert_untouched_outside,
)
from yuragi.errors import InputError, YuragiWarning
from yuragi.images.read import open_picture
from yuragi.images.tensors import tensor_digest
from yuragi.tasks.record import parameters, public, read_record
from yuragi.tasks.replay import read_result, replay
from yuragi.tasks.result import Result
from yuragi.tasks.run import run
from yuragi.tasks.sample import SampleRequest

POINTS = [((26, 22), (38, 22))]


class Stop(Exception):
    """Raised to cancel."""


@pytest.fixture(scope="module")
def dragged(tiny):
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    mask = np.zeros((48, 64), np.uint8)
    mask[10:37, 14:53] = 255  # no multiple of a cell on any side
    picture, mask = Image.fromarray(pixels), Image.fromarray(mask)
    result = tiny.drag(
        picture, POINTS, prompt="red hair", mask=mask, preset="fast", seed=3, num_inference_steps=10
    )
    return result, picture, mask


def test_outside_the_mask_pixels_are_the_inputs(dragged):
    result, picture, mask = dragged
    assert result.image.size == picture.size
    for frame in result.frames[1:]:
        assert_untouched_outside(frame, picture, mask)


def test_frames_are_the_steps(dragged):
    result, picture, _ = dragged
    # 12 pixels are three cells; the latent's shorter side is 12 cells, a step of 2/64 is 0.375.
    assert len(result.frames) == 1 + 8
    assert_identical(result.frames[0], picture)
    assert result.frames[-1] is result.image


def test_evaluations_are_counted(dragged):
    result, _, _ = dragged
    climbs, sub_drags = 6, 8
    # Edited and reference, strong and weak; at the cleanest level guidance is off.
    assert result.evaluations == sub_drags * (climbs * 4 - 2)


@pytest.mark.parametrize("sampler", ["sde", "ode"])
def test_a_saved_result_replays_bit_for_bit(tiny, picture, tmp_path, sampler):
    result = tiny.drag(
        picture, POINTS, sampler=sampler, preset="fast", seed=1, num_inference_steps=5
    )
    path = tmp_path / "out.png"
    result.save(path)
    opened = open_picture(path, "image")
    record = read_record(opened, "out.png")
    assert record.request == public(result.request)
    again = run(record.request, tiny.loaded, record.sources)
    assert_identical(again.image, opened)
    assert again.evaluations == result.evaluations


def test_samples_replay_by_index(tiny, tmp_path):
    result = tiny.sample("red hair", num_images=3, num_inference_steps=3, seed=5, solver="ddpm")
    path = tmp_path / "two.png"
    result.save(path, index=2)
    opened = open_picture(path, "image")
    record = read_record(opened, "two.png")
    assert record.index == 2
    again = run(record.request, tiny.loaded, {}).images[2]
    assert_identical(again, opened)


@pytest.mark.parametrize("solver", ["ddpm", "sde-dpm++2m", "churn", "heun"])
def test_a_sample_depends_on_seed_and_index_alone(tiny, solver):
    settings = {"num_inference_steps": 4, "solver": solver, "guidance_scale": 2.0}
    many = tiny.sample("red hair", num_images=9, seed=5, **settings).images
    few = tiny.sample("red hair", num_images=2, seed=5, **settings).images
    assert_equal_to_rounding(few, many[:2])
    assert_different(many[0], many[8])


def test_start_noise_can_be_given(tiny):
    z = torch.randn(2, 4, 32, 32, generator=torch.Generator().manual_seed(1))
    result = tiny.sample("red hair", latents=z, num_images=2, num_inference_steps=2)
    assert result.request.latents == tensor_digest(z)
    with pytest.raises(InputError, match="latents"):
        run(result.request, tiny.loaded, {})
    with pytest.raises(InputError, match="latents"):
        run(result.request, tiny.loaded, {}, latents=z + 1)
    again = run(result.request, tiny.loaded, {}, latents=z)
    assert_identical(again.image, result.image)
    with pytest.raises(InputError, match="shape"):
        tiny.sample("red hair", latents=z[:, :3], num_images=2)


def test_progress_reaches_the_end(tiny, picture):
    seen = []
    tiny.sample("red", num_images=9, num_inference_steps=2, on_progress=lambda *at: seen.append(at))
    assert seen == [(k, 4) for k in range(1, 5)]
    # 8 sub-drags of 3 steps; the ODE also climbs them.
    for sampler, total in (("sde", 24), ("ode", 48)):
        seen.clear()
        tiny.drag(
            picture,
            POINTS,
            preset="fast",
            sampler=sampler,
            num_inference_steps=5,
            on_progress=lambda *at: seen.append(at),
        )
        assert seen == [(k, total) for k in range(1, total + 1)]


def test_raising_in_progress_cancels(tiny):
    def stop(done, total):
        raise Stop

    with pytest.raises(Stop):
        tiny.sample("red", num_inference_steps=5, on_progress=stop)


def test_sides_must_fit_the_model(tiny):
    assert tiny.sample("red", num_inference_steps=1, width=64, height=96).image.size == (64, 96)
    with pytest.raises(InputError, match="width.*multiple of 16"):
        tiny.sample("red", width=100)


def test_missing_sources_are_named(dragged, tiny):
    with pytest.raises(InputError, match="source.*digest"):
        run(dragged[0].request, tiny.loaded, {})


def test_ode_refuses_a_stochastic_solver(tiny, picture):
    with pytest.raises(InputError, match="solver"):
        tiny.drag(picture, POINTS, sampler="ode", solver="ddpm")


def test_parameters_in_the_common_form():
    request = SampleRequest(
        model="/secret/place/mine",
        prompt="a person",
        negative_prompt="a hat",
        seed=7,
        guidance_scale=3.0,
        num_inference_steps=20,
        solver="ddim",
        timestep_spacing="trailing",
    )
    assert parameters(request, (128, 96)).splitlines() == [
        "a person",
        "Negative prompt: a hat",
        "Steps: 20, Sampler: ddim, CFG scale: 3, Seed: 7, Size: 128x96, Model: mine, "
        "Schedule type: trailing",
    ]


def test_sources_can_stay_behind(dragged, tmp_path):
    result, _, _ = dragged
    assert isinstance(result, Result)
    result.save(tmp_path / "bare.png", embed_sources=False)
    result.save(tmp_path / "full.png")
    assert not read_record(open_picture(tmp_path / "bare.png", "image"), "bare").sources
    full = read_record(open_picture(tmp_path / "full.png", "image"), "full")
    assert set(full.sources) == {result.request.image.digest, result.request.mask.digest}


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp"])
def test_other_formats_replay_as_well(dragged, tiny, tmp_path, suffix):
    result, _, _ = dragged
    (path,) = result.save(tmp_path / f"out{suffix}")
    record, kept = read_result(path)
    assert record.request == public(result.request)
    assert replay(record, kept, tiny.loaded, []).difference == 0
    changed = kept.copy()
    changed.paste("red", (0, 0, 20, 20))
    changed.format = kept.format
    assert replay(record, changed, tiny.loaded, []).difference > 50


def test_all_pictures_are_saved(tiny, tmp_path):
    result = tiny.sample("red", num_images=3, num_inference_steps=1, seed=0)
    files = result.save(tmp_path / "new" / "out.png")
    assert [file.name for file in files] == ["out-0000.png", "out-0001.png", "out-0002.png"]
    assert [read_result(file)[0].index for file in files] == [0, 1, 2]
    for file, image in zip(files, result.images, strict=True):
        assert_identical(open_picture(file, "image"), image)
    assert result.save(tmp_path / "one.png", index=-1) == [tmp_path / "one.png"]
    assert read_result(tmp_path / "one.png")[0].index == 2
    assert result.save(tmp_path / "drawn", index=1) == [tmp_path / "drawn" / "sample-0001.png"]
    with pytest.raises(InputError, match="^index must be 0 to 2.*given: 3"):
        result.save(tmp_path / "other.png", index=3)


def test_a_warning_is_about_the_line_of_the_caller(tiny):
    with pytest.warns(YuragiWarning, match="guidance scale is not used") as told:
        tiny.sample("", guidance_scale=5.0, num_inference_steps=1, seed=0)
    assert {each.filename for each in told} == {__file__}


def test_one_evaluation_is_said_in_the_singular(tiny):
    result = tiny.sample("red", guidance_scale=1.0, num_inference_steps=1, seed=0)
    assert replace(result, evaluations=1).remarks(["a.png"])[-1] == "seed 0, 1 network evaluation"
    assert replace(result, evaluations=2).remarks(["a.png"])[-1] == "seed 0, 2 network evaluations"


def test_nothing_is_replaced_silently(tiny, tmp_path):
    result = tiny.sample("red", num_images=2, num_inference_steps=1, seed=0)
    (tmp_path / "out-0001.png").write_bytes(b"precious")
    taken = "^path: the file exists .*out-0001.png.; .* or set overwrite=True"
    with pytest.raises(InputError, match=taken):
        result.save(tmp_path / "out.png")
    assert (tmp_path / "out-0001.png").read_bytes() == b"precious"
    assert not (tmp_path / "out-0000.png").exists()
    assert len(result.save(tmp_path / "out.png", overwrite=True)) == 2
    with pytest.raises(InputError, match="^path must be .*ending in .png, .jpg, .jpeg, .webp"):
        result.save(tmp_path / "out.gif")


def test_results_show_themselves(tiny):
    result = tiny.sample("red", num_images=2, num_inference_steps=1, seed=3)
    assert repr(result) == "<Result sample: 2 pictures, seed 3>"
    with Image.open(io.BytesIO(result._repr_png_())) as shown:
        assert_identical(shown, result.image)


def test_damaged_sources_are_refused(dragged, tmp_path):
    result, _, _ = dragged
    path = tmp_path / "full.png"
    result.save(path)
    with Image.open(path) as opened:
        opened.load()
        name, data = opened.private_chunks[0][:2]
        opened.private_chunks[0] = (name, data[:60])
        with pytest.raises(InputError, match="which this version can read"):
            read_record(opened, "x.png")


def test_exchanged_sources_are_not_believed(dragged, tmp_path):
    result, picture, _ = dragged
    other = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    forged = replace(result, sources={result.request.image.digest: other})
    forged.save(tmp_path / "forged.png")
    assert not read_record(open_picture(tmp_path / "forged.png", "image"), "x").sources


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"request": {"kind": "dance"}}'])
def test_damaged_records_are_refused(picture, text):
    picture.text = {"yuragi": text}
    with pytest.raises(InputError, match="with its request inside"):
        read_record(picture, "x.png")


def test_errors_about_steps_name_the_argument(tiny):
    """Time grids call it `steps`."""
    with pytest.raises(InputError, match="^num_inference_steps must be 2 or more"):
        tiny.sample("a person", num_inference_steps=1, timestep_spacing="karras")
