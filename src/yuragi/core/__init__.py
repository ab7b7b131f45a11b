"""Core concepts: schedules, predictions, denoisers, transitions, noise, time grids, mixtures."""

from __future__ import annotations

from yuragi.core.denoiser import (
    Condition,
    Counting,
    Denoiser,
    Network,
    NetworkDenoiser,
    in_precision,
    tile,
)
from yuragi.core.mixture import GaussianMixture, MixtureDenoiser
from yuragi.core.noise import NOISE_VERSION, Noise, RecordedNoise, SeededNoise, no_noise
from yuragi.core.prediction import (
    Denoised,
    Direct,
    EDMPreconditioning,
    Prediction,
    epsilon,
    flow,
    predictions,
    sample,
    v_prediction,
)
from yuragi.core.schedule import EDMSchedule, FlowSchedule, Schedule, VPSchedule
from yuragi.core.table import (
    TableSchedule,
    cosine_betas,
    linear_betas,
    scaled_linear_betas,
    zero_terminal_snr,
)
from yuragi.core.times import (
    TimeGrid,
    check_times,
    karras,
    leading,
    linspace,
    time_grids,
    trailing,
    uniform,
    uniform_log_snr,
)
from yuragi.core.transition import Transition, noising

__all__ = [
    "NOISE_VERSION",
    "Condition",
    "Counting",
    "Denoised",
    "Denoiser",
    "Direct",
    "EDMPreconditioning",
    "EDMSchedule",
    "FlowSchedule",
    "GaussianMixture",
    "MixtureDenoiser",
    "Network",
    "NetworkDenoiser",
    "Noise",
    "Prediction",
    "RecordedNoise",
    "Schedule",
    "SeededNoise",
    "TableSchedule",
    "TimeGrid",
    "Transition",
    "VPSchedule",
    "check_times",
    "cosine_betas",
    "epsilon",
    "flow",
    "in_precision",
    "karras",
    "leading",
    "linear_betas",
    "linspace",
    "no_noise",
    "noising",
    "predictions",
    "sample",
    "scaled_linear_betas",
    "tile",
    "time_grids",
    "trailing",
    "uniform",
    "uniform_log_snr",
    "v_prediction",
    "zero_terminal_snr",
]
