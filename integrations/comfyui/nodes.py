r"""Three nodes: a sampler (ODE or SDE), a guider (REG without gradients), and a drag.

ComfyUI hands a sampler a model that maps (x, sigma) to x0. For eps and v models x = x0 + sigma eps;
for flow models x = (1 - sigma) x0 + sigma eps. Both are schedules of ours whose time is sigma, so
the sampler is our own loop on ComfyUI's levels.

The guider asks the model three times at a step: with the prompt, without, and with the prompt at a
state moved by h in every element. Then

    F = alpha (x0(x + h) - x0(x)) / h,    x0 + (cfg - 1) F (x0 - x0_negative)

with alpha = 1, or 1 - sigma for flow models.
"""

from __future__ import annotations

import comfy.model_sampling
import comfy.samplers
import numpy as np
import torch
from PIL import Image

import yuragi
from yuragi.core import EDMSchedule, FlowSchedule, SeededNoise
from yuragi.drag import parse_point
from yuragi.sample import integrate
from yuragi.solver import make_solver, solvers

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]

CATEGORY = "yuragi"
H = 0.03
"""Step of the guider per element, in units of sigma."""


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
            top = float(sigmas[0])
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
        positive, negative = self.conds["positive"], self.conds["negative"]
        model = self.inner_model
        if self.cfg == 1:
            return comfy.samplers.calc_cond_batch(model, [positive], x, timestep, options)[0]
        x0, away = comfy.samplers.calc_cond_batch(model, [positive, negative], x, timestep, options)
        shape = (-1, *[1] * (x.ndim - 1))
        sigma = timestep.to(x).reshape(shape)
        moved = x + H * sigma
        (ahead,) = comfy.samplers.calc_cond_batch(model, [positive], moved, timestep, options)
        alpha = 1 - sigma if is_flow(model) else torch.ones_like(sigma)
        factor = alpha * (ahead - x0) / (H * sigma)
        return x0 + (self.cfg - 1) * factor * (x0 - away)


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
        pairs = [parse_point(line) for line in points.splitlines() if line.strip()]
        results = []
        for k, picture in enumerate(image):
            held = None if mask is None else _picture(mask[min(k, len(mask) - 1)])
            found = self.LOADED[model].drag(
                _picture(picture),
                pairs,
                prompt=prompt,
                mask=held,
                preset=preset,
                sampler=sampler,
                seed=seed,
            )
            results.append(torch.from_numpy(np.asarray(found.image, np.float32) / 255))
        return (torch.stack(results),)


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
