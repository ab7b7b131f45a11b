"""From a caller's words to a complete request; every bad value is named before a model loads."""

import pytest
from PIL import Image

from yuragi.errors import InputError
from yuragi.recipe.build import drag_request, sample_request
from yuragi.recipe.guidance_rule import GuidanceRule
from yuragi.recipe.request import parse_request

SAMPLE = {
    "model": "portraits",
    "prompt": "a person",
    "negative_prompt": "",
    "num_images": 1,
    "num_inference_steps": 20,
    "guidance_scale": 3.0,
    "guidance": GuidanceRule(),
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
    "guidance": GuidanceRule(),
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
    with pytest.raises(InputError, match="^solver = 'ddpm'"):
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
    with pytest.raises(InputError, match="^sampler = 'adaptive'"):
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
    with pytest.raises(InputError, match="^solver = "):
        drag_request(**DRAG | changes, image=picture)


def test_too_few_steps_to_reach_t0(picture):
    with pytest.raises(InputError, match="num_inference_steps = 4 .*at least 10"):
        drag_request(**DRAG | {"num_inference_steps": 4, "strength": 0.1}, image=picture)


def test_a_target_under_a_black_mask_is_refused(picture):
    mask = Image.new("L", picture.size, 0)
    mask.paste(255, (0, 0, 25, 48))
    assert drag_request(**DRAG | {"points": [((40, 20), (20, 20))], "mask": mask}, image=picture)
    with pytest.raises(InputError, match="points = 'target 30,20'.*where the mask is white"):
        drag_request(**DRAG | {"mask": mask}, image=picture)


def test_a_region_may_hang_over_a_black_mask_but_not_lie_on_it(picture):
    mask = Image.new("L", picture.size, 0)
    mask.paste(255, (0, 0, 25, 48))
    corners = ((2, 2), (12, 2), (12, 12), (2, 12))
    over, beyond = (tuple((x + dx, y) for x, y in corners) for dx in (18, 30))
    asked = DRAG | {"points": (), "mask": mask, "preset": "warp"}
    assert drag_request(**asked | {"regions": [(corners, over)]}, image=picture)
    with pytest.raises(InputError, match="regions = 'target 32,2 .*where the mask is white"):
        drag_request(**asked | {"regions": [(corners, beyond)]}, image=picture)


def test_eta_belongs_to_ddim():
    with pytest.raises(InputError, match="^eta = "):
        sample_request(**SAMPLE | {"eta": 0.5})
    assert sample_request(**SAMPLE | {"solver": "ddim", "eta": 0.5}).eta == 0.5


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"rule": "magic"}, "rule"),
        ({"rule": "interval"}, "interval"),
        ({"rule": "interval", "interval": (2.0, 1.0)}, "interval"),
        ({"rule": "interval", "interval": (1.0, 1.0)}, "interval"),
        ({"rule": "interval", "interval": (-1.0, 1.0)}, "interval"),
        ({"interval": (0.1, 1.0)}, "interval"),
        ({"rule": "interval", "steps": (0.8, 0.2)}, "steps"),
        ({"rule": "interval", "steps": (0.2, 1.2)}, "steps"),
        ({"rule": "interval", "steps": (0.2, 0.8), "interval": (0.1, 1.0)}, "steps"),
        ({"steps": (0.2, 0.8)}, "steps"),
        ({"start": 2.0}, "start"),
        ({"rule": "linear", "start": float("nan")}, "start"),
        ({"rule": "linear", "power": 2.0}, "power"),
        ({"rule": "cosine", "power": 0.0}, "power"),
        ({"rule": "auto"}, "weak_model"),
        ({"weak_model": "portraits"}, "weak_model"),
        ({"gain": "more"}, "gain"),
        ({"gamma": 0.5}, "gamma"),
        ({"gain": "ratio", "gamma": 1.5}, "gamma"),
        ({"gain": "ratio", "gamma": "much"}, "gamma"),
        ({"table": ((0.1, 1.0), (1.0, 2.0))}, "table"),
        ({"gain": "scheduled", "table": ((0.1, 1.0),)}, "table"),
        ({"gain": "scheduled", "table": ((1.0, 1.0), (0.1, 1.0))}, "table"),
        ({"gain": "scheduled", "table": ((0.0, 1.0), (0.1, 1.0))}, "table"),
        ({"gain": "scheduled", "table": ((0.1, -1.0), (1.0, 1.0))}, "table"),
        ({"reach": 1.0}, "reach"),
        ({"gain": "plain", "refresh": 4}, "refresh"),
        ({"gain": "reg", "refresh": 0}, "refresh"),
        ({"gain": "reg", "stress": True}, "stress"),
    ],
)
def test_bad_guidance_rules_are_named(values, name):
    with pytest.raises(InputError, match=f"^{name} = "):
        GuidanceRule(**values)


def test_a_weak_model_must_exist():
    rule = GuidanceRule(rule="auto", weak_model="/nowhere")
    with pytest.raises(InputError, match="^weak_model = "):
        sample_request(**SAMPLE | {"guidance": rule})


@pytest.mark.parametrize(
    ("rule", "scale"),
    [
        ({"gain": "ratio"}, 1.0),
        ({"stress": True}, 1.0),
        ({"gain": "reg"}, 1.0),
        ({"gain": "ratio"}, 0.5),
        ({"rule": "linear", "start": 3.0, "gain": "ratio"}, 0.5),
    ],
)
def test_a_gain_needs_two_sides(rule, scale):
    changes = {"guidance": GuidanceRule(**rule), "guidance_scale": scale}
    with pytest.raises(InputError, match="^guidance_scale = "):
        sample_request(**SAMPLE | changes)


def test_a_request_holds_every_default():
    """So that a later version with other defaults replays it."""
    full = {
        "linear": {"rule": "linear"},
        "cosine": {"rule": "cosine"},
        "ratio": {"gain": "ratio"},
        "auto": {"gain": "ratio", "gamma": "auto"},
    }
    found = {
        name: sample_request(**SAMPLE | {"guidance": GuidanceRule(**rule)}).guidance
        for name, rule in full.items()
    }
    assert found["linear"].start == 1.0
    assert found["cosine"].power == 1.0
    assert (found["ratio"].gamma, found["ratio"].reach) == (0.0, 1.0)
    assert found["auto"].gamma == (1.0, 2.0, 0.5)


def test_autoguidance_has_no_negative_prompt():
    changes = {
        "guidance": GuidanceRule(rule="auto", weak_model="portraits"),
        "negative_prompt": "a hat",
    }
    with pytest.raises(InputError, match="^negative_prompt = "):
        sample_request(**SAMPLE | changes)


def test_a_drag_has_no_gauge(picture):
    with pytest.raises(InputError, match="^stress = "):
        drag_request(**DRAG | {"guidance": GuidanceRule(stress=True)}, image=picture)


def test_a_drag_ramps_its_scale_by_itself(picture):
    with pytest.raises(InputError, match="^guidance = "):
        drag_request(**DRAG | {"guidance": GuidanceRule(rule="linear")}, image=picture)
