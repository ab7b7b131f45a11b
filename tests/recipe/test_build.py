"""From a caller's words to a complete request; every bad value is named before a model loads."""

import pytest

from yuragi.errors import InputError
from yuragi.recipe.build import drag_request, sample_request
from yuragi.recipe.request import parse_request

SAMPLE = {
    "model": "portraits",
    "prompt": "a person",
    "negative_prompt": "",
    "num_images": 1,
    "num_inference_steps": 20,
    "guidance_scale": 3.0,
    "solver": "dpm++2m",
    "eta": None,
    "timestep_spacing": "trailing",
    "width": None,
    "height": None,
    "latents": None,
    "seed": 0,
}
DRAG = {
    "model": "portraits",
    "points": [((20, 20), (30, 20))],
    "prompt": "a person",
    "negative_prompt": "",
    "mask": None,
    "sampler": "sde",
    "preset": "paper",
    "num_inference_steps": None,
    "t0": None,
    "guidance_scale": None,
    "solver": None,
    "eta": None,
    "seed": 0,
}


def test_the_paper_preset_is_the_papers(picture):
    request, sources = drag_request(**DRAG, image=picture)
    assert request.solver == "ddpm"
    assert request.num_inference_steps == 200
    assert request.t0 == 0.6
    assert request.radius * 64 == 5
    assert request.step * 64 == 2
    assert (request.gain, request.keep, request.guidance_scale) == (1.1, 0.3, 3.0)
    assert list(sources) == [request.image.digest]


def test_ode_and_fast_choose_their_solver(picture):
    def solver(**changes):
        return drag_request(**DRAG | changes, image=picture)[0].solver

    assert solver(sampler="ode") == "ddim"
    assert solver(preset="fast") == "sde-dpm++2m"
    assert solver(preset="fast", sampler="ode") == "dpm++2m"
    assert solver(eta=0.5) == "ddim"
    assert solver(solver="sde-dpm++") == "sde-dpm++"


def test_arguments_override_the_preset(picture):
    request, _ = drag_request(**DRAG | {"t0": 0.3, "num_inference_steps": 7}, image=picture)
    assert (request.t0, request.num_inference_steps) == (0.3, 7)


def test_a_request_survives_json(picture):
    request, _ = drag_request(
        **DRAG,
        image=picture,
    )
    assert parse_request(request.model_dump_json()) == request
    request = sample_request(**SAMPLE)
    assert parse_request(request.model_dump_json()) == request


def test_the_seed_is_drawn_and_kept():
    first, second = (sample_request(**SAMPLE | {"seed": None}) for _ in range(2))
    assert first.seed != second.seed


def test_paths_do_not_travel(tmp_path, picture):
    path = tmp_path / "private" / "face.png"
    path.parent.mkdir()
    picture.save(path)
    request, _ = drag_request(**DRAG, image=path)
    assert request.image.name == "face.png"
    assert "private" not in request.model_dump_json()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "no/such/model"),
        ("sampler", "sdee"),
        ("preset", "slow"),
        ("num_inference_steps", 0),
        ("num_inference_steps", 1001),
        ("t0", 0.0),
        ("t0", 1.5),
        ("t0", float("nan")),
        ("guidance_scale", -1.0),
        ("guidance_scale", float("inf")),
        ("solver", "magic"),
        ("eta", -0.5),
        ("eta", 3.0),
        ("seed", -1),
        ("seed", 2**63),
        ("points", []),
    ],
)
def test_bad_drag_values_are_named(picture, name, value):
    with pytest.raises(InputError, match=f"^{name} = "):
        drag_request(**DRAG | {name: value}, image=picture)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_images", 0),
        ("num_inference_steps", -2),
        ("guidance_scale", float("nan")),
        ("timestep_spacing", "backwards"),
        ("width", 0),
        ("solver", ""),
        ("seed", -1),
        ("prompt", None),
    ],
)
def test_bad_sample_values_are_named(name, value):
    with pytest.raises(InputError, match=f"^{name} = "):
        sample_request(**SAMPLE | {name: value})


def test_eta_belongs_to_ddim():
    with pytest.raises(InputError, match="^eta = "):
        sample_request(**SAMPLE | {"eta": 0.5})
    assert sample_request(**SAMPLE | {"solver": "ddim", "eta": 0.5}).eta == 0.5
