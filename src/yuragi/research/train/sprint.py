"""Train against the clock: draw, encode, train, measure and pack within a number of minutes.

It is meant for a fast machine that is available for minutes. It uses the same run folders as the
other commands and continues from their checkpoints, and they can continue from its checkpoints: a
checkpoint counts samples in steps of the recipe's batch size, whatever the batch size was. The
batch is several times the recipe's, with learning rate and EMA scaled to it
(`yuragi.research.train.pace.enlarged`). The data are on the device, the UNet takes the form that is
fastest there (`yuragi.research.train.swift`), and the learning rate falls to zero at the end of the
time, not after a number of steps.

There is no augmentation, because the style never draws a mirrored portrait: hair always falls to
the same side, an undercut is always open to the left, and the same eye always winks. Another
drawing takes a millisecond on 16 cores, so raise `data.train` instead.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from yuragi.errors import InputError
from yuragi.research.bench.report import frame
from yuragi.research.train.autoencoder import train_autoencoder
from yuragi.research.train.cache import cached
from yuragi.research.train.config import Recipe
from yuragi.research.train.denoiser import begin_denoiser, denoising_loss
from yuragi.research.train.loop import Report, fit, steps_made
from yuragi.research.train.measure import measure, sheet_of
from yuragi.research.train.pace import ByClock, enlarged
from yuragi.research.train.packing import pack
from yuragi.research.train.recipe import Progress, export_pipeline, learnable
from yuragi.research.train.swift import Trial, fastest

__all__ = ["Plan", "sprint"]

SHOWN = 48
"""The number of portraits on the sheet."""
CURVE = 100
"""The maximum number of points of the loss curve in the report."""


@dataclass(frozen=True)
class Plan:
    """How the time is spent.

    Attributes:
        minutes: the minutes of the whole run.
        autoencoder: how many of these are for the autoencoder; 0 leaves it as it is.
        reserve: how many of these are for export, measurement and packing.
        factor: the batch size, as a multiple of the recipe's.
        samples: the number of portraits to generate and judge.
        seed: the seed of these portraits.
    """

    minutes: float
    autoencoder: float
    reserve: float
    factor: int
    samples: int
    seed: int

    def __post_init__(self) -> None:
        if self.autoencoder + self.reserve >= self.minutes:
            allowed = f"more than {self.autoencoder + self.reserve:g}, which go to other things"
            raise InputError("minutes", self.minutes, allowed)


def sprint(
    recipe: Recipe,
    plan: Plan,
    runs: Path,
    data: Path,
    output: Path,
    device: torch.device,
    on_progress: Callable[[str], Progress],
    on_report: Callable[[Report], None],
) -> dict[str, Any]:
    """Train in `runs` for the plan's minutes, resuming from its checkpoints.

    Args:
        recipe: the sizes, and the rates for the recipe's batch size.
        plan: how the time is spent.
        runs: the folder of the runs.
        data: the folder in which drawings are cached.
        output: the folder for the packed checkpoint, ``report.json``, ``log.jsonl`` and
            ``samples.png``.
        device: the device.
        on_progress: takes the name of a phase and returns a function to call with (done, total).
        on_report: a function called with the reports of training.

    Returns:
        The contents of ``report.json``.

    Raises:
        InputError: there is no autoencoder and the plan has no time for one, or the time was over
            before training began.
    """
    begun = time.monotonic()
    passed: dict[str, float] = {}

    def lap(phase: str) -> None:
        passed[phase] = round(time.monotonic() - begun - sum(passed.values()), 2)

    images, _ = cached("train", recipe.data.train, data, on_progress("drawing"), recipe.data.size)
    cached("validation", plan.samples, data, on_progress("drawing"), recipe.data.size)
    lap("drawing")
    if plan.autoencoder:
        config, now = enlarged(recipe.autoencoder, plan.factor), time.monotonic()
        pace = ByClock(config.learning_rate, now, now + 60 * plan.autoencoder, plan.factor)
        train_autoencoder(images, config, runs / "autoencoder", device, on_report, pace)
        lap("autoencoder")
    curve: list[Report] = []
    first = steps_made(runs / "denoiser")
    until = begun + 60 * (plan.minutes - plan.reserve)
    trials = _train(recipe, plan.factor, until, runs, data, device, on_progress, curve, on_report)
    if not curve:
        raise InputError("minutes", plan.minutes, "more", "they were over before training began")
    lap("denoiser")
    files = pack(runs, output)
    shutil.copy(runs / "denoiser" / "log.jsonl", output / "log.jsonl")
    lap("packing")
    with TemporaryDirectory() as folder:
        pipeline = Path(folder) / "pipeline"
        step = export_pipeline(recipe, runs, pipeline)
        numbers, pictures = measure(
            pipeline,
            data,
            recipe.data.size,
            plan.samples,
            plan.seed,
            device,
            on_progress("measuring"),
        )
    sheet_of(pictures[:SHOWN]).save(output / "samples.png")
    lap("measuring")
    report = frame("sprint", device, [plan.seed], plan.samples) | {
        "plan": asdict(plan),
        "recipe": recipe.model_dump(mode="json"),
        "seconds": passed,
        "trials": [asdict(each) for each in trials],
        "step": step,
        "samples_seen": step * recipe.denoiser.batch,
        "samples_of_this_run": (step - first) * recipe.denoiser.batch,
        "loss_curve": [[each.samples, each.loss] for each in curve[:: len(curve) // CURVE + 1]],
        "measured": numbers,
        "files": [file.name for file in files],
    }
    (output / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


def _train(
    recipe: Recipe,
    factor: int,
    until: float,
    runs: Path,
    data: Path,
    device: torch.device,
    on_progress: Callable[[str], Progress],
    curve: list[Report],
    on_report: Callable[[Report], None],
) -> list[Trial]:
    """Train the denoiser until a given time, in its fastest form, and add reports to `curve`."""
    folder = runs / "denoiser"
    examples, labels = learnable(recipe, runs, data, device, on_progress("encoding"))
    config = enlarged(recipe.denoiser, factor)
    network = begin_denoiser(examples, labels, config, recipe.reader, folder, device, on_report)
    here = examples.to(device)
    loss, trials = fastest(
        network,
        network.unet,
        lambda unet: denoising_loss(network, unet, here, config),
        device,
        until - time.monotonic(),
    )

    def told(report: Report) -> None:
        curve.append(report)
        on_report(report)

    pace = ByClock(config.learning_rate, time.monotonic(), until, factor)
    fit(network, loss, config, folder, told, pace)
    return trials
