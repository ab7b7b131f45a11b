"""Probe a model to recommend a gain: its prediction, gradients and Jacobian symmetry.

A few pictures are generated under one prompt. At some noise levels the Jacobian is probed with
random products (`yuragi.guidance.symmetry`), and one reverse product is tried.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.errors import InputError, YuragiError
from yuragi.guidance import Guided, RowSum, constant, plain
from yuragi.guidance.symmetry import probe
from yuragi.models.model import DiffusionModel
from yuragi.tasks.sampling import sample_rows, start_noise

__all__ = ["Check", "LevelProbe", "check_model"]

STEPS, PROBED = 20, (4, 8, 12, 16)
SYMMETRIC = 0.15
"""The kappa^2 up to which J v approximates J^T v. Trained conditional fields have 0.005 to 0.06."""
SMOOTH = 0.3
"""The roughness up to which finite differences are accurate enough."""


@dataclass(frozen=True)
class LevelProbe:
    """The measurements at one noise level (sigma / alpha)."""

    noise_ratio: float
    kappa2: float
    roughness: float


@dataclass(frozen=True)
class Check:
    """The measurements of a model, and the recommended gain.

    Attributes:
        prediction: the prediction of the network.
        schedule: the kind of the schedule.
        gradients: whether a reverse product through the network works.
        levels: the measurements, from noisy to clean.
        gain: the recommended gain.
        reason: the reason for the recommendation, in one sentence.
    """

    prediction: str
    schedule: str
    gradients: bool
    levels: Sequence[LevelProbe]
    gain: str
    reason: str


def check_model(
    model: DiffusionModel,
    prompt: str,
    scale: float = 3.0,
    samples: int = 4,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Check:
    """Probe a model.

    Args:
        model: the loaded model.
        prompt: the prompt of the probed denoiser; an empty prompt probes the unconditional one.
        scale: the guidance scale with which the states are generated.
        samples: the number of pictures to generate.
        seed: the seed of the noise.
        on_progress: a function called with (steps done, total steps).

    Raises:
        InputError: the model does not know the prompt, or an empty one.
    """
    if not model.capabilities.empty:
        allowed = "one that knows an empty prompt, because guidance pushes away from it"
        raise InputError("model", str(model.path), allowed)
    states, times = _states(model, prompt, scale, samples, seed, on_progress)
    denoiser = model.bind([prompt])
    levels = []
    for k, step in enumerate(PROBED):
        t = times[step]
        alpha, sigma = denoiser.schedule(t)
        with torch.no_grad():
            found = probe(denoiser, states[step - 1], t, seed=seed)
        levels.append(LevelProbe(float(sigma / alpha), found.kappa2, found.roughness))
        on_progress(STEPS + k + 1, STEPS + len(PROBED))
    gradients = _gradients(model, prompt, states[PROBED[0] - 1][:1], times[PROBED[0]])
    gain, reason = recommend(levels, gradients)
    kind = getattr(denoiser.prediction, "name", type(denoiser.prediction).__name__)
    return Check(kind, type(denoiser.schedule).__name__, gradients, levels, gain, reason)


def recommend(levels: Sequence[LevelProbe], gradients: bool) -> tuple[str, str]:
    """The recommended gain and the reason, from the measurements.

    The gain ``ratio`` uses one direction only, so it does not depend on the symmetry. REG
    without gradients does, because it replaces J^T 1 by J 1.
    """
    kappa2 = statistics.median(level.kappa2 for level in levels)
    roughness = statistics.median(level.roughness for level in levels)
    symmetric = kappa2 <= SYMMETRIC
    if roughness > SMOOTH and not gradients:
        return "plain", f"differences are too rough ({roughness:.2f}) and gradients do not work"
    if roughness > SMOOTH:
        return "reg", f"differences are too rough ({roughness:.2f}), gradients work"
    how = "reg_forward is as good as reg" if symmetric else "for REG use reg, not reg_forward"
    if not symmetric and not gradients:
        how = "REG cannot be used"
    return "ratio", f"differences are smooth ({roughness:.2f}); kappa^2 is {kappa2:.3f}: {how}"


def _states(
    model: DiffusionModel,
    prompt: str,
    scale: float,
    samples: int,
    seed: int,
    on_progress: Callable[[int, int], None],
) -> tuple[list[Tensor], Tensor]:
    """The states of a few generated pictures after every step, and the times."""
    denoiser = Guided(model.bind([prompt]), model.bind_bare([""]), constant(scale), plain)
    times = model.grids["trailing"](denoiser.schedule, STEPS)
    rows, states = range(samples), list[Tensor]()

    def keep(step: int, x: Tensor) -> Tensor:
        states.append(x)
        on_progress(step + 1, STEPS + len(PROBED))
        return x

    start = start_noise(
        [seed] * samples, rows, (model.codec.channels, model.side, model.side), model.device
    )
    sample_rows(denoiser, "dpm++2m", None, times, [seed] * samples, rows, start, keep)
    return states, times


def _gradients(model: DiffusionModel, prompt: str, x: Tensor, t: Tensor) -> bool:
    """Whether a reverse product works and gives finite numbers."""
    weight = torch.ones((), dtype=torch.float64)
    try:
        found = RowSum()(model.bind([prompt]), model.bind_bare([""]), x, t, weight)
    except (YuragiError, RuntimeError, NotImplementedError):
        return False
    return bool(found.direction.isfinite().all())
