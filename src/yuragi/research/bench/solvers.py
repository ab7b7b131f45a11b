r"""What solvers lose in few steps, and what each form of DDIM inversion loses on the way back.

- ``distance`` is the root mean square distance between the latents of a portrait made in few steps
  and those of the same portrait made by DPM-Solver++(2M) in `LIMIT` steps, from the same noise with
  guidance 3. ``minus`` is how much nearer DPM-Solver++(2M) is than another solver, paired over
  portraits;
- ``round_trip`` is the root mean square distance between the latents of a drawing and the same
  latents after inversion up to a share t0 of the time axis and DDIM back, with the drawing's own
  caption and no guidance. The three forms differ in what they hold constant over a step of the
  inversion.

The solvers of diffusers get the same denoiser and the same levels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import DPMSolverMultistepScheduler
from torch import Tensor

from yuragi.core import SeededNoise, TableSchedule, epsilon, flow, trailing, v_prediction
from yuragi.core.denoiser import Denoiser
from yuragi.errors import InputError
from yuragi.guidance import Guided, constant
from yuragi.invert import ode_invert
from yuragi.research.bench.report import frame
from yuragi.research.metrics.intervals import mean_interval
from yuragi.research.train.autoencoder import arrays_to_tensor
from yuragi.research.train.cache import cached
from yuragi.research.train.measure import AT_ONCE, opened, whole_caption
from yuragi.sample import integrate
from yuragi.solver import DDIM, DDIMInversion, DPMSolverPP

__all__ = ["LIMIT", "STEPS", "TRIPS", "bench_solvers"]

STEPS = (5, 6, 8, 10, 15, 20)
"""The numbers of steps."""
LIMIT = 200
"""The number of steps that stands for infinitely many."""
SCALE = 3.0
"""The scale of guidance."""
TRIPS = ((10, 0.8), (20, 0.5), (20, 0.8), (20, 1.0), (50, 0.8))
"""The numbers of steps over the whole time axis, and the share t0 of it, of round trips."""
HELD = {"epsilon": epsilon, "v": v_prediction, "flow velocity": flow}
"""What an inversion can hold constant over a step."""

Sampler = Callable[[Denoiser, Tensor, Tensor], Tensor]
"""(denoiser, state [b, *d] at the first time, times [steps + 1]) -> state at the last time."""


def bench_solvers(
    model: str,
    data: Path,
    n: int,
    seed: int,
    device: torch.device,
    on_progress: Callable[[int, int], None],
) -> dict[str, Any]:
    """Measure solvers and inversions on portraits of the benchmark split.

    Args:
        model: name or path.
        data: the folder in which drawings are cached.
        n: the number of portraits, 2 or more.
        seed: the seed of captions and noise.
        device: where to run.
        on_progress: called with (portraits done, all portraits).

    Returns:
        the report.

    Raises:
        InputError: the model has no autoencoder, or its noise levels are not a table.
    """
    loaded, codec = opened(model, device)
    found = loaded.loaded
    schedule = found.denoiser.schedule
    if not isinstance(schedule, TableSchedule):
        raise InputError("model", model, "a model whose noise levels are a table of DDPM")
    drawings, labels = cached("benchmark", n, data, size=found.native_size)
    samplers = _samplers(schedule)
    made: dict[str, dict[str, list[Tensor]]] = {name: {} for name in samplers}
    back: dict[str, dict[str, list[Tensor]]] = {name: {} for name in HELD}
    for start in range(0, n, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, n))
        z = codec.encode(arrays_to_tensor(drawings[start : numbers.stop]).to(device))
        strong = found.bind([whole_caption(labels[k], seed, k) for k in numbers])
        guided = Guided(strong, found.bind([""] * len(numbers)), constant(SCALE))
        noise = SeededNoise(seed, numbers, "solvers")(0, z)
        for name, distances in _distances(guided, noise, samplers).items():
            for key, off in distances.items():
                made[name].setdefault(key, []).append(off)
        for name, held in HELD.items():
            for steps, share in TRIPS:
                off = _round_trip(strong, z, steps, share, DDIMInversion(held))
                back[name].setdefault(f"{steps}, {share:g}", []).append(off)
        on_progress(numbers.stop, n)
    best = made["dpm++2m"]
    return frame("solvers", device, [seed], n) | {
        "model": Path(model).name,
        "weights": found.weights,
        "scale": SCALE,
        "limit": LIMIT,
        "distance": {name: _means(table) for name, table in made.items()},
        "minus": {
            name: {
                steps: mean_interval(torch.cat(best[steps]) - torch.cat(off))._asdict()
                for steps, off in table.items()
            }
            for name, table in made.items()
            if name != "dpm++2m"
        },
        "round_trip": {name: _means(table) for name, table in back.items()},
    }


def _samplers(schedule: TableSchedule) -> Mapping[str, Sampler]:
    found: dict[str, Sampler] = {
        "dpm++2m": lambda denoiser, x, times: integrate(denoiser, DPMSolverPP(2), x, times)
    }
    for kind in ("midpoint", "heun"):
        found[f"diffusers, {kind}"] = _of_diffusers(schedule, kind)
    found["ddim"] = lambda denoiser, x, times: integrate(denoiser, DDIM(), x, times)
    return found


def _of_diffusers(schedule: TableSchedule, kind: str) -> Sampler:
    """DPM-Solver++(2M) of diffusers. It takes 2^-12 for an alpha of zero."""

    def sample(denoiser: Denoiser, x: Tensor, times: Tensor) -> Tensor:
        scheduler = DPMSolverMultistepScheduler(
            num_train_timesteps=len(schedule.alphas_cumprod),
            prediction_type="sample",
            solver_type=kind,
            timestep_spacing="trailing",
        )
        scheduler.alphas_cumprod = schedule.alphas_cumprod.clamp(min=2.0**-24)
        scheduler.set_timesteps(len(times) - 1)
        for t, timestep in zip(times[:-1], scheduler.timesteps, strict=True):
            x = scheduler.step(denoiser(x, t), timestep, x).prev_sample
        return x

    return sample


@torch.no_grad()
def _distances(
    denoiser: Denoiser, noise: Tensor, samplers: Mapping[str, Sampler]
) -> dict[str, dict[str, Tensor]]:
    """The distance of each portrait [b] from its limit, by sampler and number of steps."""
    schedule = denoiser.schedule

    def made(sampler: Sampler, steps: int) -> Tensor:
        times = trailing(schedule, steps)
        _, sigma = schedule(times[0])
        return sampler(denoiser, sigma.to(noise) * noise, times)

    limit = made(samplers["dpm++2m"], LIMIT)
    return {
        name: {str(steps): _off(made(sampler, steps), limit) for steps in STEPS}
        for name, sampler in samplers.items()
    }


@torch.no_grad()
def _round_trip(
    denoiser: Denoiser, z: Tensor, steps: int, share: float, inversion: DDIMInversion
) -> Tensor:
    """The distance [b] of latents from themselves after an inversion and DDIM back."""
    falling = trailing(denoiser.schedule, steps)[-round(steps * share) - 1 :]
    noisy = ode_invert(denoiser, z, falling.flip(0), inversion)[-1]
    return _off(integrate(denoiser, DDIM(), noisy, falling), z)


def _off(x: Tensor, y: Tensor) -> Tensor:
    return (x - y).double().square().flatten(1).mean(1).sqrt().cpu()


def _means(table: Mapping[str, Sequence[Tensor]]) -> dict[str, dict[str, float]]:
    return {key: mean_interval(torch.cat(list(values)))._asdict() for key, values in table.items()}
