"""The nodes against stubs that make the calls which ComfyUI makes; networks are closed forms."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from yuragi.core import EDMSchedule, FlowSchedule
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
    """Conditions by name and a scale, as theirs keeps them."""

    def __init__(self, model_patcher):
        self.model_patcher, self.inner_model = model_patcher, model_patcher.model
        self.conds, self.cfg = {}, 1.0

    def set_conds(self, positive, negative):
        self.conds = {"positive": positive, "negative": negative}

    def set_cfg(self, cfg):
        self.cfg = cfg

    def __call__(self, *args, **kwargs):
        return self.predict_noise(*args, **kwargs)


def calc_cond_batch(model, conds, x, timestep, model_options):
    return [model.apply(x, timestep, cond) for cond in conds]


class Gaussian:
    """x0 of N(mean, 0.25) at a level; the mean is the condition's."""

    def __init__(self, flow):
        self.flow = flow
        self.model_sampling = CONST() if flow else object()
        self.asked = 0

    def apply(self, x, sigma, mean):
        self.asked += 1
        sigma = sigma.reshape(-1, 1, 1, 1)
        alpha = 1 - sigma if self.flow else torch.ones_like(sigma)
        return (mean * sigma**2 + 0.25 * alpha * x) / (0.25 * alpha**2 + sigma**2)


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
    comfy, sampling, samplers = (
        ModuleType(name) for name in ("comfy", "comfy.model_sampling", "comfy.samplers")
    )
    sampling.CONST = CONST
    samplers.KSAMPLER, samplers.CFGGuider = KSAMPLER, CFGGuider
    samplers.calc_cond_batch = calc_cond_batch
    comfy.model_sampling, comfy.samplers = sampling, samplers
    stubs = {"comfy": comfy, "comfy.model_sampling": sampling, "comfy.samplers": samplers}
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
    patcher = SimpleNamespace(model=gaussian)
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
    torch.testing.assert_close(both[:1], alone)
    other = sampler.sample(model, sigmas, {"seed": 4}, lambda *at: None, start[:1])
    assert (other - alone).abs().max() > 0.1


def test_a_guider_at_scale_1_asks_once(nodes):
    gaussian = Gaussian(False)
    sigmas, start, _ = setting(False)
    guided(nodes, gaussian, 1.0)(start, sigmas[:1].expand(2), model_options={}, seed=0)
    assert gaussian.asked == 1
    guided(nodes, gaussian, 3.0)(start, sigmas[:1].expand(2), model_options={}, seed=0)
    assert gaussian.asked == 1 + 3


def test_drag(nodes, pipeline_folder):
    image = torch.zeros(1, 48, 64, 3)
    image[:, 16:28, 20:32] = torch.tensor([0.9, 0.8, 0.1])
    mask = torch.zeros(1, 48, 64)
    mask[:, 8:36, 12:56] = 1
    node = nodes.NODE_CLASS_MAPPINGS["YuragiDrag"]
    found = called(
        node,
        image=image,
        points="26,22:36,22\n",
        prompt="a person",
        model=str(pipeline_folder),
        preset="warp",
        sampler="sde",
        seed=0,
        mask=mask,
    )
    assert found.shape == image.shape
    assert found.dtype == torch.float32
    outside = mask[0] == 0
    assert (found[0][outside] - image[0][outside]).abs().max() <= 0.5 / 255 + 1e-6
    assert np.allclose(found[0, 22, 36], [0.9, 0.8, 0.1], atol=0.15)


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
