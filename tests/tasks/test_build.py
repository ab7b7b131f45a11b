"""From a caller's words to a complete request; every bad value is named before a model loads."""

import os

import numpy as np
import pytest
import torch
from PIL import Image

from yuragi.edit import MOST
from yuragi.errors import InputError
from yuragi.tasks.build import build
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.guidance import Guidance
from yuragi.tasks.sample import SampleRequest
from yuragi.tasks.sdedit import SDEditRequest
from yuragi.tasks.tasks import parse_request

SAMPLE = {
    "model": "portraits",
    "prompt": "a person",
    "negative_prompt": "",
    "num_images": 1,
    "num_inference_steps": 20,
    "guidance_scale": 3.0,
    "guidance": Guidance(),
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
    "strength": None,
    "guidance_scale": None,
    "guidance": Guidance(),
    "solver": None,
    "eta": None,
    "seed": 0,
}


def test_the_paper_preset_is_the_papers(picture):
    request, sources = drag_request(**DRAG, image=picture)
    assert request.solver == "ddpm"
    assert request.num_inference_steps == 200
    assert request.strength == 0.6
    method = request.method
    assert method.radius * 64 == 5
    assert method.step * 64 == 2
    assert (method.gain, method.keep, request.guidance_scale) == (1.1, 0.3, 3.0)
    assert list(sources) == [request.image.digest]


def sample_request(**values):
    return build(SampleRequest, values)[0]


def drag_request(**values):
    return build(DragRequest, values)


@pytest.mark.parametrize("option", ["prompt", "negative_prompt", "solver", "model"])
def test_half_a_character_is_refused(option):
    with pytest.raises(InputError, match=f"^{option}: a character of the text is incomplete"):
        SampleRequest(**{"prompt": "red", option: "caf\udce9"})


def test_a_picture_whose_name_is_not_utf8_can_be_drawn_on(picture, tmp_path):
    path = tmp_path / os.fsdecode(b"\xe9t\xe9.png")
    picture.save(path)
    request, _ = drag_request(**DRAG, image=path)
    assert request.image.name == "\ufffdt\ufffd.png"
    assert "\ufffdt\ufffd.png" in request.model_dump_json()


TRIANGLE = (((10, 10), (30, 10), (30, 30)), ((15, 10), (35, 10), (35, 30)))


def test_the_warp_takes_points_regions_and_candidates(picture):
    warp = DRAG | {"preset": "warp"}
    request, _ = drag_request(**warp, regions=[TRIANGLE], num_images=3, image=picture)
    assert request.method.name == "warp"
    assert request.regions[0].source == TRIANGLE[0]
    assert request.num_images == 3
    assert drag_request(**warp | {"sampler": "adaptive"}, image=picture)[0].solver == "ddim"
    alone, _ = drag_request(**warp | {"points": ()}, regions=[TRIANGLE], image=picture)
    assert alone.points == ()
    with pytest.raises(InputError, match="^points"):
        drag_request(**warp | {"points": ()}, image=picture)
    with pytest.raises(InputError, match="^solver[: ].*ddpm"):
        drag_request(**warp | {"sampler": "ode", "solver": "ddpm"}, image=picture)


@pytest.mark.parametrize(
    "region",
    [
        (((10, 10), (30, 10)), ((15, 10), (35, 10))),
        (TRIANGLE[0], TRIANGLE[1][:2]),
        (((10, 10), (30, 10), (3000, 30)), TRIANGLE[1]),
        (((10, 10), (30, 10), (20, 10)), TRIANGLE[1]),
        (TRIANGLE[0], TRIANGLE[0]),
        ("abc", "abd"),
    ],
    ids=["two corners", "fewer targets", "outside", "a line", "stays", "text"],
)
def test_bad_regions_are_named(picture, region):
    with pytest.raises(InputError, match="^regions"):
        drag_request(**DRAG | {"preset": "warp"}, regions=[region], image=picture)


def test_the_published_method_has_points_and_two_samplers(picture):
    for sampler in ("sde", "ode"):
        with pytest.raises(InputError, match="^regions"):
            drag_request(**DRAG | {"sampler": sampler}, regions=[TRIANGLE], image=picture)
    with pytest.raises(InputError, match="^sampler[: ].*adaptive"):
        drag_request(**DRAG | {"sampler": "adaptive"}, image=picture)


def test_ode_and_fast_choose_their_solver(picture):
    def solver(**changes):
        return drag_request(**DRAG | changes, image=picture)[0].solver

    assert solver(sampler="ode") == "ddim"
    assert solver(preset="fast") == "sde-dpm++2m"
    assert solver(preset="fast", sampler="ode") == "dpm++2m"
    assert solver(eta=0.5) == "ddim"
    assert solver(solver="sde-dpm++") == "sde-dpm++"


def test_arguments_override_the_preset(picture):
    request, _ = drag_request(**DRAG | {"strength": 0.3, "num_inference_steps": 7}, image=picture)
    assert (request.strength, request.num_inference_steps) == (0.3, 7)


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


def test_pictures_and_masks_in_memory_are_those_of_their_files(tmp_path, picture):
    path = tmp_path / "face.png"
    picture.save(path)
    mask = np.full((48, 64), 255, np.uint8)
    mask[:5] = 0
    of_files, _ = drag_request(**DRAG | {"mask": Image.fromarray(mask)}, image=path)
    for image, inside in (
        (np.array(picture), mask > 0),
        (torch.from_numpy(np.array(picture)).permute(2, 0, 1), torch.from_numpy(mask)[None] / 255),
        (path.read_bytes(), mask / 255),
    ):
        held, sources = drag_request(**DRAG | {"mask": inside}, image=image)
        assert (held.image.digest, held.image.name) == (of_files.image.digest, "")
        assert held.mask == of_files.mask
        assert set(sources) == {held.image.digest, held.mask.digest}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "no/such/model"),
        ("sampler", "sdee"),
        ("preset", "slow"),
        ("num_inference_steps", 0),
        ("num_inference_steps", 1001),
        ("strength", 0.0),
        ("strength", 1.5),
        ("strength", float("nan")),
        ("guidance_scale", -1.0),
        ("guidance_scale", float("inf")),
        ("solver", "magic"),
        ("eta", -0.5),
        ("eta", 1.6),
        ("seed", -1),
        ("seed", 2**63),
        ("points", []),
    ],
)
def test_bad_drag_values_are_named(picture, name, value):
    with pytest.raises(InputError, match=f"^{name}[: ]"):
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
    with pytest.raises(InputError, match=f"^{name}[: ]"):
        sample_request(**SAMPLE | {name: value})


@pytest.mark.parametrize(
    "changes",
    [
        {"sampler": "ode", "solver": "ddpm"},
        {"sampler": "ode", "eta": 0.5},
        {"solver": "churn"},
        {"sampler": "ode", "solver": "churn"},
    ],
)
def test_solvers_that_do_not_fit_the_sampler_are_refused(picture, changes):
    with pytest.raises(InputError, match="^solver[: ]"):
        drag_request(**DRAG | changes, image=picture)


@pytest.mark.parametrize(
    ("changes", "eta"), [({}, MOST), ({"solver": "ddpm"}, 1.0), ({"eta": 0.4}, 0.4)]
)
def test_adaptive_adds_at_most_the_noise_that_is_asked_for(picture, changes, eta):
    asked = {"image": picture, "prompt": "a person", "sampler": "adaptive"} | changes
    request, _ = build(SDEditRequest, asked)
    assert request.make_sampler().solver.eta == eta


def test_the_help_of_eta_tells_the_default_of_adaptive():
    told = SDEditRequest.model_json_schema()["properties"]["eta"]["description"]
    assert f"; {MOST:g} if not given" in told


def test_too_few_steps_to_reach_t0(picture):
    with pytest.raises(InputError, match="num_inference_steps.*at least 10"):
        drag_request(**DRAG | {"num_inference_steps": 4, "strength": 0.1}, image=picture)


def test_a_target_under_a_black_mask_is_refused(picture):
    mask = Image.new("L", picture.size, 0)
    mask.paste(255, (0, 0, 25, 48))
    assert drag_request(**DRAG | {"points": [((40, 20), (20, 20))], "mask": mask}, image=picture)
    with pytest.raises(InputError, match="points: the mask is black.*target 30,20"):
        drag_request(**DRAG | {"mask": mask}, image=picture)


def test_a_region_may_hang_over_a_black_mask_but_not_lie_on_it(picture):
    mask = Image.new("L", picture.size, 0)
    mask.paste(255, (0, 0, 25, 48))
    corners = ((2, 2), (12, 2), (12, 12), (2, 12))
    over, beyond = (tuple((x + dx, y) for x, y in corners) for dx in (18, 30))
    asked = DRAG | {"points": (), "mask": mask, "preset": "warp"}
    assert drag_request(**asked | {"regions": [(corners, over)]}, image=picture)
    with pytest.raises(InputError, match="regions: the mask is black.*target 32,2 "):
        drag_request(**asked | {"regions": [(corners, beyond)]}, image=picture)


def test_eta_belongs_to_ddim():
    with pytest.raises(InputError, match="^eta[: ]"):
        sample_request(**SAMPLE | {"eta": 0.5})
    assert sample_request(**SAMPLE | {"solver": "ddim", "eta": 0.5}).eta == 0.5


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"rule": "magic"}, "guidance"),
        ({"rule": "interval"}, "interval"),
        ({"rule": {"name": "interval", "interval": (2.0, 1.0)}}, "interval"),
        ({"rule": {"name": "interval", "interval": (1.0, 1.0)}}, "interval"),
        ({"rule": {"name": "interval", "interval": (-1.0, 1.0)}}, "interval"),
        ({"rule": {"name": "interval", "interval": "a:b"}}, "interval"),
        ({"rule": {"name": "interval", "interval": "80%:20%"}}, "interval"),
        ({"rule": {"name": "interval", "shares": (0.2, 1.2)}}, "shares"),
        ({"rule": {"name": "interval", "shares": (0.2, 0.8), "interval": (0.1, 1)}}, "interval"),
        ({"rule": {"name": "cfg", "interval": (0.1, 1.0)}}, "interval"),
        ({"rule": {"name": "linear", "start": float("nan")}}, "start"),
        ({"rule": {"name": "linear", "power": 2.0}}, "power"),
        ({"rule": {"name": "cosine", "power": 0.0}}, "power"),
        ({"rule": "auto"}, "weak_model"),
        ({"gain": "more"}, "gain"),
        ({"gain": 7}, "gain"),
        ({"gain": {"name": "plain", "gamma": 0.5}}, "gamma"),
        ({"gain": {"name": "ratio", "gamma": 1.5}}, "gamma"),
        ({"gain": {"name": "ratio", "gamma": "much"}}, "gamma"),
        ({"gain": {"name": "scheduled", "table": ((0.1, 1.0),)}}, "table"),
        ({"gain": {"name": "scheduled", "table": ((1.0, 1.0), (0.1, 1.0))}}, "table"),
        ({"gain": {"name": "scheduled", "table": ((0.0, 1.0), (0.1, 1.0))}}, "table"),
        ({"gain": {"name": "scheduled", "table": ((0.1, -1.0), (1.0, 1.0))}}, "table"),
        ({"gain": {"name": "plain", "refresh": 4}}, "refresh"),
        ({"gain": {"name": "reg", "refresh": 0}}, "refresh"),
        ({"gain": {"name": "reg", "stress": True}}, "stress"),
        ({"channels": 0}, "channels"),
    ],
)
def test_bad_guidance_is_named(values, name):
    with pytest.raises(InputError, match=f"^{name}[: ]"):
        Guidance(**values)
    with pytest.raises(InputError, match=f"^{name}[: ]"):
        sample_request(**SAMPLE | {"guidance": values})


def test_a_name_stands_for_a_rule_or_a_gain():
    for name in ("linear", "cosine"):
        assert sample_request(**SAMPLE | {"guidance": name}).guidance == Guidance(rule=name)
    for name in ("reg", "ratio"):
        assert sample_request(**SAMPLE | {"guidance": name}).guidance == Guidance(gain=name)
    with pytest.raises(InputError, match="^guidance[: ].*reg_forward"):
        sample_request(**SAMPLE | {"guidance": "regg"})


@pytest.mark.parametrize("number", [3, 3.5])
def test_a_number_is_no_guidance_but_its_scale(number):
    told = f"^guidance: a number is a guidance scale, .*{number}.; .*(guidance_scale)"
    with pytest.raises(InputError, match=told):
        sample_request(**SAMPLE | {"guidance": number})


def test_a_weak_model_must_exist():
    rule = Guidance(rule={"name": "auto", "weak_model": "/nowhere"})
    with pytest.raises(InputError, match="^weak_model[: ]"):
        sample_request(**SAMPLE | {"guidance": rule})


@pytest.mark.parametrize(
    ("rule", "scale"),
    [
        ({"gain": "ratio"}, 1.0),
        ({"gain": {"name": "plain", "stress": True}}, 1.0),
        ({"gain": "reg"}, 1.0),
        ({"gain": "ratio"}, 0.5),
        ({"rule": {"name": "linear", "start": 3.0}, "gain": "ratio"}, 0.5),
    ],
)
def test_a_gain_needs_two_sides(rule, scale):
    changes = {"guidance": Guidance(**rule), "guidance_scale": scale}
    with pytest.raises(InputError, match="^guidance_scale[: ]"):
        sample_request(**SAMPLE | changes)


def test_a_request_holds_every_default():
    """So that a later version with other defaults replays it."""
    full = {
        "linear": {"rule": "linear"},
        "cosine": {"rule": "cosine"},
        "ratio": {"gain": "ratio"},
        "auto": {"gain": {"name": "ratio", "gamma": "auto"}},
    }
    found = {
        name: sample_request(**SAMPLE | {"guidance": Guidance(**rule)}).guidance
        for name, rule in full.items()
    }
    assert found["linear"].rule.start == 1.0
    assert found["cosine"].rule.power == 1.0
    assert (found["ratio"].gain.gamma, found["ratio"].gain.reach) == (0.0, 1.0)
    assert found["auto"].gain.gamma == (1.0, 2.0, 0.5)


def test_autoguidance_has_no_negative_prompt():
    changes = {
        "guidance": Guidance(rule={"name": "auto", "weak_model": "portraits"}),
        "negative_prompt": "a hat",
    }
    with pytest.raises(InputError, match="^negative_prompt[: ]"):
        sample_request(**SAMPLE | changes)


def test_sde_drag_does_not_measure_stress(picture):
    asked = {"preset": "paper", "guidance": Guidance(gain={"name": "plain", "stress": True})}
    with pytest.raises(InputError, match="^stress must be False with the preset paper"):
        drag_request(**DRAG | asked, image=picture)


def test_sde_drag_has_a_rule_of_its_own(picture):
    asked = {"preset": "fast", "guidance": Guidance(rule="linear")}
    with pytest.raises(InputError, match="^guidance must be cfg with the preset fast"):
        drag_request(**DRAG | asked, image=picture)
