"""Noise levels and time grids from the configuration of a scheduler of diffusers."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from yuragi.core import (
    FlowSchedule,
    Schedule,
    TableSchedule,
    TimeGrid,
    check_times,
    cosine_betas,
    leading,
    linear_betas,
    scaled_linear_betas,
    time_grids,
)
from yuragi.errors import InputError

__all__ = [
    "SHIFTS",
    "dynamic_shift",
    "flow_from_config",
    "flow_shift",
    "grids_of",
    "schedule_from_config",
]

SHIFTS: Mapping[str, Callable[[float], float]] = {"exponential": math.exp, "linear": float}
"""The shift for a pipeline's mu, by ``time_shift_type``."""


def schedule_from_config(config: Mapping[str, Any]) -> TableSchedule:
    """The table of noise levels that a diffusers scheduler configuration describes.

    Raises:
        InputError: the configuration does not describe a table, or `beta_schedule` is not linear,
            scaled_linear or squaredcos_cap_v2.
    """
    if flow_shift(config) is not None:
        raise InputError("scheduler", _class(config), "one for a table of betas, not for a flow")
    steps = int(config["num_train_timesteps"])
    if config.get("trained_betas") is not None:
        betas = torch.tensor(config["trained_betas"], dtype=torch.float64)
    else:
        start, end = float(config["beta_start"]), float(config["beta_end"])
        makers = {
            "linear": lambda: linear_betas(start, end, steps),
            "scaled_linear": lambda: scaled_linear_betas(start, end, steps),
            "squaredcos_cap_v2": lambda: cosine_betas(steps),
        }
        kind = config["beta_schedule"]
        if kind not in makers:
            raise InputError("beta_schedule", kind, "one of " + ", ".join(makers))
        betas = makers[kind]()
    return TableSchedule.from_betas(betas, bool(config.get("rescale_betas_zero_snr")))


def flow_from_config(config: Mapping[str, Any], tokens: int) -> FlowSchedule:
    """The shift of a flow scheduler for pictures with this number of tokens.

    A dynamic shift depends on mu, which is linear in the number of tokens (Esser et al. 2024,
    section 5.3.2; the constants are the configuration's, or else those of the pipelines).

    Raises:
        InputError: the configuration does not describe a flow.
    """
    shift = flow_shift(config)
    if shift is None:
        raise InputError("scheduler", _class(config), "one for a flow, not for a table of betas")
    if config.get("use_dynamic_shifting"):
        shift = dynamic_shift(config, dynamic_mu(config, tokens))
    return FlowSchedule(shift)


def flow_shift(config: Mapping[str, Any]) -> float | None:
    """The shift of the flow that a configuration describes; None if it describes a table.

    Schedulers for flows have a ``shift``. UniPC and DPM-Solver++ support both: they always have
    betas, and ignore them with ``use_flow_sigmas``.

    Raises:
        InputError: the configuration is of neither kind, such as EDM's, or of a flow with reversed
            time, such as Mochi's.
    """
    for name, meaning in (("sigma_data", "EDM's levels"), ("invert_sigmas", "time from 0 to 1")):
        if config.get(name):
            allowed = f"one for a table of betas or for a flow, not one with {name}: {meaning}"
            raise InputError("scheduler", _class(config), allowed)
    if config.get("use_flow_sigmas"):
        return float(config.get("flow_shift") or 1.0)
    return None if config.get("shift") is None else float(config["shift"])


def dynamic_shift(config: Mapping[str, Any], mu: float) -> float:
    """The shift for the mu of a picture's size."""
    return SHIFTS[config.get("time_shift_type") or "exponential"](mu)


def dynamic_mu(config: Mapping[str, Any], tokens: int) -> float:
    """The mu for this number of tokens."""
    base = float(config.get("base_image_seq_len", 256))
    most = float(config.get("max_image_seq_len", 4096))
    low, high = float(config.get("base_shift", 0.5)), float(config.get("max_shift", 1.15))
    return low + (high - low) * (tokens - base) / (most - base)


def _class(config: Mapping[str, Any]) -> str:
    """The name of the scheduler's class, for errors."""
    return str(config.get("_class_name", "this one"))


def grids_of(scheduler: Any, tokens: int) -> Mapping[str, TimeGrid]:
    """All time grids of a model, including ``native``, which is that of the pipeline.

    ``native`` visits every level of the scheduler once, from the noisiest to the faintest, and then
    the clean end. A level is a sigma of the scheduler if it has sigmas, otherwise a timestep.
    Schedulers repeat a level if they evaluate the network twice there (Heun), if they restart
    (PNDM), or if different sigmas round to the same timestep (Karras). So the number of levels can
    differ from the number of steps: PNDM with Runge-Kutta steps has three more.
    """
    offset = int(scheduler.config.get("steps_offset") or 0)
    own = {"leading": partial(leading, steps_offset=offset)}
    return {**time_grids, **own, "native": partial(_native, scheduler, tokens)}


def _native(scheduler: Any, tokens: int, schedule: Schedule, steps: int) -> Tensor:
    """The levels of the scheduler, each once, and the clean end.

    Raises:
        InputError: the scheduler does not allow this number of steps.
    """
    theirs = copy.deepcopy(scheduler)
    try:
        _set_steps(theirs, tokens, steps)
    except ValueError as error:
        allowed = f"a number that the pipeline's {type(theirs).__name__} allows ({error})"
        raise InputError("num_inference_steps", steps, allowed) from error
    if not isinstance(schedule, TableSchedule):
        sigmas = theirs.sigmas.double().cpu().clamp(0, 1)
        times = schedule.time(((1 - sigmas) / sigmas).log())
    elif hasattr(theirs, "sigmas"):
        times = _times_of(theirs, schedule)
    else:
        times = theirs.timesteps.double().cpu()
    clean = torch.tensor([schedule.clean], dtype=torch.float64)
    return check_times(torch.unique_consecutive(torch.cat([times, clean])), schedule)


def _set_steps(scheduler: Any, tokens: int, steps: int) -> None:
    dynamic = scheduler.config.get("use_dynamic_shifting")
    if dynamic and scheduler.config.get("use_flow_sigmas"):  # UniPC and DPM-Solver++ take no sigmas
        scheduler.set_timesteps(steps, mu=dynamic_mu(scheduler.config, tokens))
    elif dynamic:
        sigmas = torch.linspace(1.0, 1 / steps, steps, dtype=torch.float64)
        scheduler.set_timesteps(sigmas=sigmas.tolist(), mu=dynamic_mu(scheduler.config, tokens))
    else:
        scheduler.set_timesteps(steps)


def _times_of(scheduler: Any, table: TableSchedule) -> Tensor:
    """The times of a scheduler's levels sigma / alpha, except the last, which is the clean end."""
    sigmas = scheduler.sigmas[:-1].double().cpu()
    if scheduler.config.get("rescale_betas_zero_snr"):
        # Such schedulers use alpha^2 = 2^-24 for the level without signal, where sigma is 4096.
        sigmas = sigmas.where(sigmas < 4095, torch.inf)
    times = table.time(-sigmas.log())
    # Their float32 tables shift a level by up to 3e-4; whole timesteps are restored by rounding.
    alpha, sigma = table(times.round())
    return times.round().where((sigma / alpha).isclose(sigmas, rtol=5e-4), times)
