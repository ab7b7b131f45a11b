"""One training loop for every network of the recipe: AdamW, warm-up, cosine decay, EMA, resume.

The loop is told a loss and calls it with (step, generator). All randomness of a step comes from
that generator, which is keyed by (seed, step); so a run that was cut short and resumed sees what
an uncut run would have seen, and no random state needs to be saved.

A run folder holds ``checkpoint.safetensors`` (weights, EMA, moments; replaced atomically) and
``log.jsonl`` (one line per report).
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from yuragi.research.train.config import Fit

__all__ = ["CHECKPOINT", "Report", "begin", "fit", "load_averaged", "place"]

CHECKPOINT = "checkpoint.safetensors"

N = TypeVar("N", bound=nn.Module)


@dataclass(frozen=True)
class Report:
    """Where a training run stands: mean loss since the last report and its speed."""

    step: int
    steps: int
    loss: float
    samples_per_second: float


def _generator(seed: int, step: int) -> torch.Generator:
    # PyTorch's generator on a CPU keeps 32 bits of the key. In a run of 100,000 steps one pair of
    # steps is expected to draw the same numbers, which no training notices; a picture belongs to
    # its seed alone, so `SeededNoise` keeps all bits.
    key = hashlib.blake2b(f"{seed}/{step}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(key, "little") >> 1)


def _learning_rate(config: Fit, step: int) -> float:
    """Linear warm-up, then half a cosine to zero at the last step."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    done = (step - config.warmup) / max(config.steps - config.warmup, 1)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


class _State:
    """Everything that a checkpoint holds: weights, their EMA, Adam's moments and the step."""

    def __init__(self, network: nn.Module, config: Fit) -> None:
        self.network = network
        self.averaged = {name: p.detach().clone() for name, p in network.state_dict().items()}
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=0.0, weight_decay=1e-2, fused=True
        )
        self.decay = config.ema
        self.step = 0

    def average(self) -> None:
        # A short memory at first, so that the average forgets the random start.
        decay = min(self.decay, (1 + self.step) / (10 + self.step))
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.averaged[name].lerp_(value.detach(), 1 - decay)
            else:
                self.averaged[name].copy_(value)

    def save(self, folder: Path) -> None:
        tensors = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"averaged.{k}": v for k, v in self.averaged.items()}
        for name, p in self.network.named_parameters():
            moments = self.optimizer.state.get(p, {})
            tensors |= {f"{m}.{name}": moments[m] for m in ("exp_avg", "exp_avg_sq") if moments}
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / (CHECKPOINT + ".partial")
        contiguous = {k: v.contiguous() for k, v in tensors.items()}
        save_file(contiguous, partial, metadata={"step": str(self.step)})
        partial.replace(folder / CHECKPOINT)

    def load(self, folder: Path) -> None:
        path = folder / CHECKPOINT
        if not path.exists():
            return
        with safe_open(path, framework="pt") as file:
            self.step = int(file.metadata()["step"])
            held = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        names = list(self.network.state_dict())
        self.network.load_state_dict({n: held[f"network.{n}"] for n in names})
        device = next(self.network.parameters()).device
        self.averaged = {n: held[f"averaged.{n}"].to(device) for n in names}
        for name, p in self.network.named_parameters():
            if f"exp_avg.{name}" in held:
                self.optimizer.state[p] = {
                    "step": torch.tensor(float(self.step), device=device),
                    "exp_avg": held[f"exp_avg.{name}"].to(device),
                    "exp_avg_sq": held[f"exp_avg_sq.{name}"].to(device),
                }


def fit(
    network: nn.Module,
    loss: Callable[[int, torch.Generator], Tensor],
    config: Fit,
    folder: Path,
    on_report: Callable[[Report], None],
    report_every: int = 50,
    save_every_seconds: float = 120.0,
) -> None:
    """Train `network` in place until `config.steps`, going on from the folder's checkpoint.

    Args:
        network: its parameters are trained; at the end it holds the averaged (EMA) weights.
        loss: (step, generator) -> scalar loss; draws every random number from the generator.
        config: steps, batch (only for the speed reported), rates and seed.
        folder: where checkpoints and the log go.
        on_report: called every `report_every` steps.
        report_every: steps between two reports.
        save_every_seconds: seconds between two checkpoints.
    """
    state = _State(network, config)
    state.load(folder)
    network.train()
    losses, since, saved = [], time.monotonic(), time.monotonic()
    while state.step < config.steps:
        for group in state.optimizer.param_groups:
            group["lr"] = _learning_rate(config, state.step)
        value = loss(state.step, _generator(config.seed, state.step))
        state.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(value)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        state.optimizer.step()
        state.step += 1
        state.average()
        losses.append(value.detach())
        if state.step % report_every == 0 or state.step == config.steps:
            now = time.monotonic()
            speed = len(losses) * config.batch / (now - since)
            report = Report(state.step, config.steps, float(torch.stack(losses).mean()), speed)
            losses, since = [], now
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(report.__dict__) + "\n")
            on_report(report)
        if time.monotonic() - saved > save_every_seconds or state.step == config.steps:
            state.save(folder)
            saved = time.monotonic()
    network.load_state_dict(state.averaged)
    network.eval()


def begin(network: nn.Module, config: Fit, folder: Path, step: int) -> None:
    """Write a first checkpoint, so that `fit` goes on from these weights at this step.

    Raises:
        FileExistsError: the folder holds a run already.
    """
    if (folder / CHECKPOINT).exists():
        raise FileExistsError(folder / CHECKPOINT)
    state = _State(network, config)
    state.step = step
    state.save(folder)


def place(network: N, device: torch.device) -> N:
    """Move a network to a device, channels last: several times faster for these convolutions."""
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def load_averaged(network: nn.Module, folder: Path) -> int:
    """Load the averaged (EMA) weights of a run, finished or not; returns its step.

    Raises:
        FileNotFoundError: the folder holds no checkpoint.
    """
    with safe_open(folder / CHECKPOINT, framework="pt") as file:
        network.load_state_dict({n: file.get_tensor(f"averaged.{n}") for n in network.state_dict()})
        network.eval()
        return int(file.metadata()["step"])
