"""The nodes against stubs that make the calls which ComfyUI makes; networks are closed forms."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from promises import assert_equal_to_rounding
from yuragi.core import EDMSchedule, FlowSchedule
from yuragi.errors import InputError
from yuragi.guidance import Guided, RowSumForward, constant
from yuragi.sample import integrate
from yuragi.solver import make_solver

FOLDER = Path(__file__).parents[2] / "integrations" / "comfyui"


class CONST:
    """What ComfyUI mixes into the sampling of flow models."""


class KSAMPLER:
    """Holds a sampling function, as theirs does."""

    def __init__(self, sampler_function, extra_options=None, inpaint_options=None):
        self.sampler_function = sampler_function

    def sample(self, model, sigmas, extra_args, callback, noise):
        steps = []

        def told(given):
            steps.append((given["i"], given["denoised"], given["x"], given["sigma"]))

        x = self.sampler_function(model, noise, sigmas, extra_args, callback=told, disable=True)
        for step in steps:
            callback(*step)
        return x


class CFGGuider:
    """Conditions by name and a scale, as theirs keeps them; guidance is `sampling_function`'s."""

    def __init__(self, model_patcher):
        self.model_patcher, self.inner_model = model_patcher, model_patcher.model
        self.model_options = model_patcher.model_options
        self.conds, self.cfg = {}, 1.0

    def set_conds(self, positive, negative):
        self.conds = {"positive": positive, "negative": negative}

    def set_cfg(self, cfg):
        self.cfg = cfg

    def __call__(self, *args, **kwargs):
        return self.predict_noise(*args, **kwargs)

    def predict_noise(self, x, timestep, model_options={}, seed=None):  # noqa: B006 (theirs)
        sides = self.conds.get("negative"), self.conds.get("positive")
        return sampling_function(
            self.inner_model, x, timestep, *sides, self.cfg, model_options=model_options, seed=seed
        )


def calc_cond_batch(model, conds, x, timestep, model_options):
    """One x0 for each condition; zeros where there is none."""
    zero = torch.zeros_like(x)
    return [zero if cond is None else model.apply(x, timestep, cond) for cond in conds]


def sampling_function(model, x, timestep, uncond, cond, cond_scale, model_options, seed):
    """Evaluate both sides and guide, with the hooks of nodes in the places that ComfyUI gives them.

    Not evaluated at scale 1: the negative side, unless a hook says that it needs it.
    """
    everything = model_options.get("disable_cfg1_optimization", False)
    conds = [cond, uncond if cond_scale != 1 or everything else None]
    common = {
        "input": x,
        "sigma": timestep,
        "model": model,
        "model_options": model_options,
        "cond_scale": cond_scale,
    }
    evaluate = model_options.get("sampler_calc_cond_batch_function")
    if evaluate is None:
        out = calc_cond_batch(model, conds, x, timestep, model_options)
    else:
        out = evaluate({**common, "conds": conds})
    for change in model_options.get("sampler_pre_cfg_function", []):
        out = change({**common, "conds": conds, "conds_out": out, "timestep": timestep})
    sides = {"cond_denoised": out[0], "uncond_denoised": out[1]}
    guide = model_options.get("sampler_cfg_function")
    if guide is None:
        found = out[1] + (out[0] - out[1]) * cond_scale
    else:
        residuals = {"cond": x - out[0], "uncond": x - out[1], "timestep": timestep}
        found = x - guide({**common, **sides, **residuals})
    for change in model_options.get("sampler_post_cfg_function", []):
        found = change({**common, **sides, "denoised": found, "cond": cond, "uncond": conds[1]})
    return found


class InterruptProcessingException(Exception):
    """What ComfyUI raises where a user has pressed cancel."""


class Management(ModuleType):
    """Interrupts after so many questions; never at first."""

    left = float("inf")

    def throw_exception_if_processing_interrupted(self):
        self.left -= 1
        if self.left < 0:
            raise InterruptProcessingException


class ProgressBar:
    """Keeps what it is told."""

    told: list = []  # noqa: RUF012 (read by tests)

    def __init__(self, total):
        self.told.clear()

    def update_absolute(self, value, total=None, preview=None):
        self.told.append((value, total))


class Gaussian:
    """x0 of N(mean, 0.25) at a level; the mean is the condition's."""

    manual_cast_dtype = None

    def __init__(self, flow, dtype=torch.float32):
        self.flow, self.dtype = flow, dtype
        self.model_sampling = CONST() if flow else object()
        self.asked = 0

    def apply(self, x, sigma, mean):
        self.asked += 1
        sigma = sigma.reshape(-1, 1, 1, 1)
        alpha = 1 - sigma if self.flow else torch.ones_like(sigma)
        if self.dtype != torch.float32:  # an eps network in half precision
            read = x.to(self.dtype).to(x)
            x0 = (mean * sigma**2 + 0.25 * alpha * read) / (0.25 * alpha**2 + sigma**2)
            said = ((read - alpha * x0) / sigma).to(self.dtype).to(x)
            return (x - sigma * said) / alpha
        return (mean * sigma**2 + 0.25 * alpha * x) / (0.25 * alpha**2 + sigma**2)

    def get_dtype(self):
        return self.dtype


class Wrapped:
    """What a sampler is handed: (x, sigma) -> x0, with the model somewhere inside."""

    def __init__(self, guider):
        self.inner_model, self.guider = guider, guider

    def __call__(self, x, sigma, model_options=None, seed=None):
        return self.guider(x, sigma, model_options=model_options or {}, seed=seed)


class Ours:
    """The same network for our own loop."""

    def __init__(self, gaussian, mean, schedule):
        self.gaussian, self.mean, self.schedule = gaussian, mean, schedule

    def __call__(self, x, t):
        return self.gaussian.apply(x, t.to(x).expand(len(x)), self.mean)


@pytest.fixture(scope="module")
def nodes():
    parts = ("model_sampling", "samplers", "utils")
    comfy, sampling, samplers, utils = map(ModuleType, ("comfy", *(f"comfy.{p}" for p in parts)))
    management = Management("comfy.model_management")
    sampling.CONST, utils.ProgressBar = CONST, ProgressBar
    samplers.KSAMPLER, samplers.CFGGuider = KSAMPLER, CFGGuider
    samplers.calc_cond_batch = calc_cond_batch
    stubs = {"comfy": comfy, "comfy.model_management": management}
    stubs |= {f"comfy.{p}": module for p, module in zip(parts, (sampling, samplers, utils))}  # noqa: B905
    for name, module in stubs.items():
        if name != "comfy":
            setattr(comfy, name.removeprefix("comfy."), module)
    with pytest.MonkeyPatch.context() as patch:
        for name, module in stubs.items():
            patch.setitem(sys.modules, name, module)
        spec = importlib.util.spec_from_file_location(
            "yuragi_comfyui", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
        )
        package = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, "yuragi_comfyui", package)
        spec.loader.exec_module(package)
        yield package


def called(node, **given):
    """As ComfyUI calls a node: with the inputs that it declares, by name."""
    declared = node.INPUT_TYPES()
    assert set(given) <= {*declared["required"], *declared.get("optional", {})}
    assert set(declared["required"]) <= set(given)
    result = getattr(node(), node.FUNCTION)(**given)
    assert isinstance(result, tuple)
    assert len(result) == len(node.RETURN_TYPES)
    return result[0]


def setting(flow):
    """Levels, start, and our own schedule."""
    top = 1.0 if flow else 14.6
    sigmas = torch.cat([torch.linspace(top, 0.05, 12), torch.zeros(1)])
    start = top * torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(0))
    return sigmas, start, FlowSchedule() if flow else EDMSchedule(1e-3, float(sigmas[0]))


def guided(nodes, gaussian, cfg):
    node = nodes.NODE_CLASS_MAPPINGS["YuragiRectifiedGuider"]
    patcher = SimpleNamespace(model=gaussian, model_options={})
    return called(node, model=patcher, positive=0.7, negative=-0.2, cfg=cfg)


@pytest.mark.parametrize("flow", [False, True])
@pytest.mark.parametrize("solver", ["ddim", "dpm++2m", "heun"])
def test_sampler_and_guider_equal_our_own_loop(nodes, flow, solver):
    sigmas, start, schedule = setting(flow)
    gaussian = Gaussian(flow)
    sampler = called(nodes.NODE_CLASS_MAPPINGS["YuragiSampler"], solver=solver, eta=0.0)
    seen = []
    model = Wrapped(guided(nodes, gaussian, 4.0))
    found = sampler.sample(model, sigmas, {"seed": 3}, lambda *at: seen.append(at), start)
    strong, weak = Ours(gaussian, 0.7, schedule), Ours(gaussian, -0.2, schedule)
    ours = Guided(strong, weak, constant(4.0), RowSumForward())
    chosen = make_solver(solver, 0.0 if solver == "ddim" else None)
    expected = integrate(ours, chosen, start, sigmas.double())
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
    assert [at[0] for at in seen] == list(range(12))
    assert all(at[1].shape == start.shape for at in seen)


@pytest.mark.parametrize("flow", [False, True])
def test_an_sde_finds_the_law(nodes, flow):
    top = 1.0 if flow else 14.6
    sigmas = torch.cat([top * torch.logspace(0, -3, 60), torch.zeros(1)])
    gaussian = Gaussian(flow)
    sampler = called(nodes.NODE_CLASS_MAPPINGS["YuragiSampler"], solver="sde-dpm++2m", eta=1.0)
    start = float(sigmas[0]) * torch.randn(4, 4, 64, 64)
    model = Wrapped(guided(nodes, gaussian, 1.0))
    found = sampler.sample(model, sigmas, {"seed": 3}, lambda *at: None, start)
    assert float(found.mean()) == pytest.approx(0.7, abs=0.03)
    assert float(found.std()) == pytest.approx(0.5, abs=0.03)


def test_noise_belongs_to_the_row(nodes):
    sigmas, start, _ = setting(False)
    sampler = called(nodes.NODE_CLASS_MAPPINGS["YuragiSampler"], solver="ddpm", eta=1.0)
    model = Wrapped(guided(nodes, Gaussian(False), 1.0))
    both = sampler.sample(model, sigmas, {"seed": 3}, lambda *at: None, start)
    alone = sampler.sample(model, sigmas, {"seed": 3}, lambda *at: None, start[:1])
    assert_equal_to_rounding(both[:1], alone)
    other = sampler.sample(model, sigmas, {"seed": 4}, lambda *at: None, start[:1])
    assert (other - alone).abs().max() > 0.1


def test_a_guider_at_scale_1_asks_once(nodes):
    gaussian = Gaussian(False)
    sigmas, start, _ = setting(False)
    guided(nodes, gaussian, 1.0)(start, sigmas[:1].expand(2), model_options={}, seed=0)
    assert gaussian.asked == 1
    guided(nodes, gaussian, 3.0)(start, sigmas[:1].expand(2), model_options={}, seed=0)
    assert gaussian.asked == 1 + 3


def rescale(args):
    """Instead of guidance: RescaleCFG and RenormCFG stand here. Works on x - x0."""
    pushed = args["uncond"] + args["cond_scale"] * (args["cond"] - args["uncond"])
    return 0.7 * pushed + 0.3 * args["cond"]


def fitted(args):
    """After guidance: CFGZeroStar stands here."""
    return args["denoised"] - 0.1 * args["uncond_denoised"]


def shortened(args):
    """Before guidance: APG stands here."""
    x0, away, *rest = args["conds_out"]
    return [x0, x0 - 0.5 * (x0 - away), *rest]


HOOKS = {
    "none": ({}, lambda x0, push: x0 + push),
    "instead": ({"sampler_cfg_function": rescale}, lambda x0, push: x0 + 0.7 * push),
    "before": ({"sampler_pre_cfg_function": [shortened]}, lambda x0, push: x0 + 0.5 * push),
    "after": (
        {"sampler_post_cfg_function": [fitted]},
        lambda x0, push: x0 + push - 0.1 * (x0 - push / 3),
    ),
}


@pytest.mark.parametrize("flow", [False, True])
@pytest.mark.parametrize(("options", "want"), HOOKS.values(), ids=HOOKS)
def test_hooks_of_other_nodes_act_on_rectified_guidance(nodes, flow, options, want):
    gaussian, (_, start, _) = Gaussian(flow), setting(flow)
    sigma = torch.full((2,), 0.4)
    alpha = 0.6 if flow else 1.0
    found = guided(nodes, gaussian, 4.0)(start, sigma, model_options=options, seed=0)
    x0, away = (gaussian.apply(start, sigma, mean) for mean in (0.7, -0.2))
    factor = 0.25 * alpha**2 / (0.25 * alpha**2 + 0.4**2)  # REG's, of a Gaussian
    torch.testing.assert_close(found, want(x0, 3 * factor * (x0 - away)), rtol=1e-3, atol=1e-3)
    before = options.get("sampler_pre_cfg_function", [shortened])
    assert before == [shortened]  # the caller's options are as they were


def test_conditions_are_evaluated_by_the_function_that_a_node_has_put_there(nodes):
    gaussian, (_, start, _) = Gaussian(False), setting(False)
    asked = []

    def evaluate(args):
        asked.append(len(args["conds"]))
        return calc_cond_batch(gaussian, args["conds"], args["input"], args["sigma"], {})

    options = {"sampler_calc_cond_batch_function": evaluate}
    guided(nodes, gaussian, 4.0)(start, torch.full((2,), 0.4), model_options=options, seed=0)
    assert asked == [2, 1]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("level", [0.1, 0.5, 2.0])
def test_the_factor_in_half_precision(nodes, dtype, level):
    """With single precision's step the error is 0.05 to 0.07 at levels 0.5 and 2 in bfloat16."""
    gaussian, sigma = Gaussian(False, dtype), torch.full((2,), level)
    start = (0.25 + level**2) ** 0.5 * setting(False)[1] / 14.6
    x0, away = (gaussian.apply(start, sigma, mean) for mean in (0.7, -0.2))
    found = guided(nodes, gaussian, 2.0)(start, sigma, model_options={}, seed=0)
    factor = (found - x0) / (x0 - away)
    want = 0.25 / (0.25 + level**2)
    assert factor.mean().item() == pytest.approx(want, abs=0.02)
    assert (factor - want).square().mean().sqrt() < 0.03


@pytest.mark.parametrize("solver", ["ddim", "dpm++2m", "heun"])
@pytest.mark.parametrize("flow", [False, True])
def test_levels_that_rise(nodes, flow, solver):
    """FlipSigmas: from 0.0001, which it puts in the place of 0, up; and back down again."""
    top = 0.98 if flow else 14.6
    down = torch.cat([torch.logspace(0, -3, 120) * top, torch.tensor([1e-4])])
    up = down.flip(0)
    sampler = called(nodes.NODE_CLASS_MAPPINGS["YuragiSampler"], solver=solver, eta=0.0)
    model = Wrapped(guided(nodes, Gaussian(flow), 1.0))
    clean = 0.7 + 0.5 * torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(1))
    noisy = sampler.sample(model, up, {"seed": 3}, lambda *at: None, clean)
    back = sampler.sample(model, down, {"seed": 3}, lambda *at: None, noisy)
    assert (back - clean).square().mean().sqrt() < 0.05


def test_levels_that_rise_are_not_for_solvers_that_draw_noise(nodes):
    sampler = called(nodes.NODE_CLASS_MAPPINGS["YuragiSampler"], solver="sde-dpm++2m", eta=1.0)
    model = Wrapped(guided(nodes, Gaussian(False), 1.0))
    with pytest.raises(InputError, match="^solver"):
        sampler.sample(
            model, torch.tensor([1e-4, 1.0, 14.6]), {}, lambda *at: None, torch.zeros(1, 4, 6, 6)
        )


def dragged(nodes, folder, mask, rows=1):
    image = torch.zeros(rows, 48, 64, 3)
    image[:, 16:28, 20:32] = torch.tensor([0.9, 0.8, 0.1])
    found = called(
        nodes.NODE_CLASS_MAPPINGS["YuragiDrag"],
        image=image,
        points="26,22:36,22\n",
        prompt="a person",
        model=str(folder),
        preset="warp",
        sampler="sde",
        seed=0,
        mask=mask,
    )
    return image, found


def test_drag(nodes, pipeline_folder):
    mask = torch.zeros(1, 48, 64)
    mask[:, 8:36, 12:56] = 1
    image, found = dragged(nodes, pipeline_folder, mask)
    assert found.shape == image.shape
    assert found.dtype == torch.float32
    outside = mask[0] == 0
    assert (found[0][outside] - image[0][outside]).abs().max() <= 0.5 / 255 + 1e-6
    assert np.allclose(found[0, 22, 36], [0.9, 0.8, 0.1], atol=0.15)


def test_the_empty_mask_of_an_opaque_picture_is_no_mask(nodes, pipeline_folder):
    """LoadImage gives 64 x 64 zeros, whatever the picture's size."""
    _, without = dragged(nodes, pipeline_folder, None)
    _, empty = dragged(nodes, pipeline_folder, torch.zeros(1, 64, 64))
    assert torch.equal(without, empty)


def test_a_drag_tells_how_far_it_is_and_stops_when_it_is_cancelled(nodes, pipeline_folder):
    dragged(nodes, pipeline_folder, None, rows=2)
    told = list(ProgressBar.told)
    done, totals = zip(*told, strict=True)
    assert list(done) == sorted(done)
    assert set(totals) == {done[-1]}
    assert len(told) > 4
    management = sys.modules["comfy.model_management"]
    management.left = 2
    try:
        with pytest.raises(InterruptProcessingException):
            dragged(nodes, pipeline_folder, None)
    finally:
        del management.left
    assert len(ProgressBar.told) == 2


def test_the_workflow_names_nodes_and_their_inputs(nodes):
    workflow = json.loads((FOLDER / "workflow.json").read_text())
    used = 0
    for step in workflow.values():
        node = nodes.NODE_CLASS_MAPPINGS.get(step["class_type"])
        if node is not None:
            used += 1
            assert set(step["inputs"]) == set(node.INPUT_TYPES()["required"])
        for value in step["inputs"].values():
            if isinstance(value, list):
                assert value[0] in workflow
    assert used == 2
    assert set(nodes.NODE_DISPLAY_NAME_MAPPINGS) == set(nodes.NODE_CLASS_MAPPINGS)
