r"""Three nodes: a sampler (ODE or SDE), a guider (REG without gradients), and a drag.

ComfyUI hands a sampler a model that maps (x, sigma) to x0. For eps and v models x = x0 + sigma eps;
for flow models x = (1 - sigma) x0 + sigma eps. Both are schedules of ours whose time is sigma, so
the sampler is our own loop on ComfyUI's levels.

The guider asks the model three times at a step: with the prompt, without, and with the prompt at a
state moved by h in every element. Then

    F = alpha (x0(x + h) - x0(x)) / h,    x0 + (cfg - 1) F (x0 - x0_negative)

with alpha = 1, or 1 - sigma for flow models. The negative x0 is moved so that ComfyUI's own formula
arrives there, before anything else looks at it: so what other nodes do before, instead of and after
that formula (RescaleCFG, APG, CFGZeroStar, RenormCFG ...) is done here too, by ComfyUI itself.
"""

from __future__ import annotations

import comfy.model_management
import comfy.model_sampling
import comfy.samplers
import comfy.utils
import numpy as np
import torch
from PIL import Image

import yuragi
from yuragi.core import EDMSchedule, FlowSchedule, SeededNoise
from yuragi.errors import InputError
from yuragi.guidance.finite_difference import perturb, step_size
from yuragi.sample import integrate
from yuragi.solver import make_solver, solvers

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]

CATEGORY = "yuragi"
BEFORE = "sampler_pre_cfg_function"
EVALUATE = "sampler_calc_cond_batch_function"
"""What ComfyUI calls, in a model's options, the functions that nodes have put before guidance, and
the one that evaluates the conditions."""


def is_flow(model):
    """Whether a ComfyUI model is a rectified flow, from any of its wrappers."""
    while not hasattr(model, "model_sampling"):
        model = model.inner_model
    return isinstance(model.model_sampling, comfy.model_sampling.CONST)


class Seen:
    """A denoiser that keeps what it said last, for previews."""

    def __init__(self, model, extra, schedule):
        self.model, self.extra, self.schedule, self.last = model, extra, schedule, None

    def __call__(self, x, t):
        sigma = t.to(x).expand(len(x))
        self.last = self.model(x, sigma, **self.extra)
        return self.last


class Sampler:
    """Our solvers on ComfyUI's noise levels; for SamplerCustom and SamplerCustomAdvanced."""

    RETURN_TYPES = ("SAMPLER",)
    FUNCTION = "get_sampler"
    CATEGORY = CATEGORY + "/samplers"
    DESCRIPTION = "ODE and SDE solvers; noise belongs to (seed, picture, step)."

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "solver": (sorted(set(solvers) - {"churn"}), {"default": "sde-dpm++2m"}),
                "eta": (
                    "FLOAT",
                    {"default": 1.0, "min": 0.0, "max": 1.5, "step": 0.05, "tooltip": "For ddim."},
                ),
            }
        }

    def get_sampler(self, solver, eta):
        chosen = make_solver(solver, eta if solver == "ddim" else None)

        @torch.no_grad()
        def sample(model, x, sigmas, extra_args=None, callback=None, disable=None):
            extra = dict(extra_args or {})
            if chosen.stochastic and bool((sigmas.diff() > 0).all()):
                allowed = "ddim with eta 0, dpm++2m or heun where levels rise (FlipSigmas)"
                raise InputError("solver", solver, allowed)
            top = float(sigmas.max())
            flow = is_flow(model)
            schedule = FlowSchedule() if flow else EDMSchedule(min(1e-3, top / 2), top)
            denoiser = Seen(model, extra, schedule)
            times = sigmas.double().cpu()

            def watch(step, state):
                if callback is not None:
                    level = sigmas[step]
                    callback(
                        {
                            "x": state,
                            "i": step,
                            "sigma": level,
                            "sigma_hat": level,
                            "denoised": denoiser.last,
                        }
                    )
                return state

            noise = SeededNoise(int(extra.get("seed") or 0), stream="steps")
            return integrate(denoiser, chosen, x, times, noise, watch)

        return (comfy.samplers.KSAMPLER(sample),)


class RectifiedGuider(comfy.samplers.CFGGuider):
    """Classifier-free guidance with REG's factor, without gradients."""

    def predict_noise(self, x, timestep, model_options=None, seed=None):
        options = model_options or {}
        # First, so that the other nodes' functions see a pair that is rectified already.
        options = {**options, BEFORE: [rectified, *options.get(BEFORE, [])]}
        return super().predict_noise(x, timestep, options, seed)


def rectified(args):
    """Move the negative x0 to where plain guidance away from it is rectified guidance."""
    positive, negative = args["conds"][:2]
    x0, away, *others = args["conds_out"]
    if negative is None or args["cond_scale"] == 1:
        return args["conds_out"]
    model, options, x, sigma = (args[k] for k in ("model", "model_options", "input", "sigma"))
    sigma = sigma.to(x).reshape(-1, *[1] * (x.ndim - 1))
    dtype = precision(model)
    moved, change = perturb(x, torch.ones_like(x), step_size(None, dtype) * sigma, dtype)
    given = {
        "conds": [positive],
        "input": moved,
        "sigma": args["sigma"],
        "model": model,
        "model_options": options,
    }
    if EVALUATE in options:
        (ahead,) = options[EVALUATE](given)
    else:
        (ahead,) = comfy.samplers.calc_cond_batch(model, [positive], moved, args["sigma"], options)
    alpha = 1 - sigma if is_flow(model) else torch.ones_like(sigma)
    factor = torch.where(change == 0, 1.0, alpha * (ahead - x0) / change)
    return [x0, x0 - factor * (x0 - away), *others]


def precision(model):
    """What a ComfyUI model computes in: its weights' numbers, or what they are cast to."""
    cast = getattr(model, "manual_cast_dtype", None)
    return model.get_dtype() if cast is None else cast


class Guider:
    """REG for SamplerCustomAdvanced."""

    RETURN_TYPES = ("GUIDER",)
    FUNCTION = "get_guider"
    CATEGORY = CATEGORY + "/guiders"
    DESCRIPTION = "Rectified gradient guidance: three evaluations a step instead of two."

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "model": ("MODEL",),
                "positive": ("CONDITIONING",),
                "negative": ("CONDITIONING",),
                "cfg": ("FLOAT", {"default": 5.0, "min": 0.0, "max": 100.0, "step": 0.1}),
            }
        }

    def get_guider(self, model, positive, negative, cfg):
        guider = RectifiedGuider(model)
        guider.set_conds(positive, negative)
        guider.set_cfg(cfg)
        return (guider,)


class Drag:
    """Drag points of a picture with a pipeline of diffusers."""

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "drag"
    CATEGORY = CATEGORY
    DESCRIPTION = "Moves what lies under points; one line a point: x,y:x,y in pixels."
    LOADED: dict = {}  # noqa: RUF012 (shared by all drags, on purpose)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "image": ("IMAGE",),
                "points": ("STRING", {"default": "70,52:70,40", "multiline": True}),
                "prompt": ("STRING", {"default": "", "multiline": True}),
                "model": ("STRING", {"default": "portraits", "tooltip": "Name or folder."}),
                "preset": (["warp", "paper", "fast"],),
                "sampler": (["sde", "ode"],),
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**63 - 1}),
            },
            "optional": {"mask": ("MASK",)},
        }

    def drag(self, image, points, prompt, model, preset, sampler, seed, mask=None):
        if model not in self.LOADED:
            self.LOADED.clear()  # one model in memory
            self.LOADED[model] = yuragi.load(model)
        pairs = [line for line in points.splitlines() if line.strip()]
        results = []
        bar = comfy.utils.ProgressBar(len(image))
        for k, picture in enumerate(image):

            def tick(done, total, k=k):
                comfy.model_management.throw_exception_if_processing_interrupted()
                bar.update_absolute(k * total + done, len(image) * total)

            held = None if mask is None else _held(mask[min(k, len(mask) - 1)])
            found = self.LOADED[model].drag(
                _picture(picture),
                pairs,
                prompt=prompt,
                mask=held,
                preset=preset,
                sampler=sampler,
                seed=seed,
                on_progress=tick,
            )
            results.append(torch.from_numpy(np.asarray(found.image, np.float32) / 255))
        return (torch.stack(results),)


def _held(mask):
    """A mask as a picture; None for an empty one.

    LoadImage gives an empty mask of 64 x 64 with every picture that has no transparent part, and a
    mask under which nothing may change would leave nothing to drag.
    """
    return _picture(mask) if bool(mask.any()) else None


def _picture(tensor):
    """ComfyUI's (h, w, 3) or (h, w) in [0, 1] as a picture."""
    levels = (tensor.clamp(0, 1) * 255).round().byte().cpu().numpy()
    return Image.fromarray(levels)


NODE_CLASS_MAPPINGS = {
    "YuragiSampler": Sampler,
    "YuragiRectifiedGuider": Guider,
    "YuragiDrag": Drag,
}
NODE_DISPLAY_NAME_MAPPINGS = {
    "YuragiSampler": "Yuragi sampler (ODE / SDE)",
    "YuragiRectifiedGuider": "Yuragi guider (REG)",
    "YuragiDrag": "Yuragi drag",
}
