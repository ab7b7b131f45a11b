"""One training loop for every network of the recipe: AdamW, a pace, EMA, resume.

The loop calls a loss with (step, generator). All randomness of a step comes from that generator,
which is keyed by (seed, step). A run that was interrupted and resumed therefore sees the same
numbers as an uninterrupted run, and no random state needs to be saved.

A run folder holds ``checkpoint.safetensors`` (weights, EMA, moments; replaced atomically) and
``log.jsonl`` (one line per report). A checkpoint without moments is also valid: the moments start
from zero, and the learning rate warms up again.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from yuragi.errors import InputError
from yuragi.research.files import save_whole
from yuragi.research.train.config import Fit
from yuragi.research.train.pace import BySteps, Pace

__all__ = [
    "CHECKPOINT",
    "Loss",
    "Report",
    "begin",
    "fast_precision",
    "fit",
    "load_averaged",
    "place",
    "read_checkpoint",
    "steps_made",
    "write_checkpoint",
]

CHECKPOINT = "checkpoint.safetensors"

N = TypeVar("N", bound=nn.Module)
Loss = Callable[[int, torch.Generator], Tensor]
"""(step, generator) -> scalar loss; it draws every random number from the generator."""


@dataclass(frozen=True)
class Report:
    """The state of a training run: the mean loss since the last report, and the speed.

    `samples` counts all samples that the network has seen, in this run and earlier ones. `done` of
    `total` is the progress of this run, in steps or in seconds.
    """

    step: int
    samples: int
    done: int
    total: int
    loss: float
    samples_per_second: float


def _generator(seed: int, step: int) -> torch.Generator:
    # PyTorch's generator on a CPU keeps 32 bits of the key. In a run of 100,000 steps, one pair of
    # steps is expected to draw the same numbers, which does not matter in training. But two seeds
    # must not give the same picture, so `SeededNoise` keeps all bits.
    key = hashlib.blake2b(f"{seed}/{step}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(key, "little") >> 1)


class _State:
    """Everything that a checkpoint holds: weights, their EMA, Adam's moments, and counts.

    Attributes:
        step: the number of steps made so far.
        updates: the number of updates that Adam's moments have seen.
    """

    def __init__(self, network: nn.Module, config: Fit) -> None:
        self.network = network
        self.averaged = {name: p.detach().clone() for name, p in network.state_dict().items()}
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=0.0, weight_decay=1e-2, fused=True
        )
        self.decay = config.ema
        self.step = self.updates = 0

    def average(self) -> None:
        # A short memory at first, so that the average forgets the random start.
        decay = min(self.decay, (1 + self.step) / (10 + self.step))
        weights = self.network.state_dict()
        moving = [name for name, value in weights.items() if value.is_floating_point()]
        mean, new = [self.averaged[n] for n in moving], [weights[n] for n in moving]
        # One call for all tensors: on a GPU, a call for each would take longer than the sums.
        get_ema_multi_avg_fn(decay)(mean, new, self.updates)  # type: ignore[no-untyped-call]
        for name in weights.keys() - moving:
            self.averaged[name].copy_(weights[name])

    def save(self, folder: Path) -> None:
        tensors = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"averaged.{k}": v for k, v in self.averaged.items()}
        for name, p in self.network.named_parameters():
            moments = self.optimizer.state.get(p, {})
            tensors |= {f"{m}.{name}": moments[m] for m in ("exp_avg", "exp_avg_sq") if moments}
        write_checkpoint(folder, tensors, {"step": str(self.step), "updates": str(self.updates)})

    def load(self, folder: Path) -> None:
        if not (folder / CHECKPOINT).exists():
            return
        held, counts = read_checkpoint(folder)
        self.step = int(counts["step"])
        self.network.load_state_dict(_weights(held, "network", self.network, folder))
        device = next(self.network.parameters()).device
        averaged = _weights(held, "averaged", self.network, folder)
        self.averaged = {name: value.to(device) for name, value in averaged.items()}
        if not any(name.startswith("exp_avg.") for name in held):
            return
        # Checkpoints of earlier versions count only steps; each step was an update.
        self.updates = int(counts.get("updates", self.step))
        for name, p in self.network.named_parameters():
            if f"exp_avg.{name}" in held:
                self.optimizer.state[p] = {
                    "step": torch.tensor(float(self.updates), device=device),
                    "exp_avg": held[f"exp_avg.{name}"].to(device),
                    "exp_avg_sq": held[f"exp_avg_sq.{name}"].to(device),
                }


def write_checkpoint(folder: Path, tensors: Mapping[str, Tensor], counts: dict[str, str]) -> None:
    """Write a checkpoint, either completely or not at all."""
    save_whole(tensors, folder / CHECKPOINT, counts)


def read_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a checkpoint and its counts.

    Raises:
        FileNotFoundError: the folder holds no checkpoint.
    """
    with safe_open(folder / CHECKPOINT, framework="pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}, file.metadata()  # noqa: SIM118


def fit(
    network: nn.Module,
    loss: Loss,
    config: Fit,
    folder: Path,
    on_report: Callable[[Report], None],
    pace: Pace | None = None,
    report_every: int = 50,
    save_every_seconds: float = 120.0,
) -> None:
    """Train `network` in place until the pace ends, resuming from the folder's checkpoint.

    Args:
        network: its parameters are trained; at the end it holds the averaged (EMA) weights.
        loss: (step, generator) -> scalar loss; draws every random number from the generator.
        config: the batch size (used only in reported counts), the rates and the seed.
        folder: the folder for checkpoints and the log.
        on_report: a function called every `report_every` updates.
        pace: the learning rate and the end of the run; by default those of `config.steps`.
        report_every: the number of updates between two reports.
        save_every_seconds: the seconds between two checkpoints.

    Raises:
        InputError: the folder's checkpoint is of another network.
    """
    pace = pace or BySteps(config)
    state = _State(network, config)
    state.load(folder)
    network.train()
    losses, since, saved = list[Tensor](), time.monotonic(), time.monotonic()
    rate = pace.rate(state.step, state.updates)
    while rate is not None:
        for group in state.optimizer.param_groups:
            group["lr"] = rate
        value = loss(state.step, _generator(config.seed, state.step))
        state.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(value)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        state.optimizer.step()
        state.step += pace.stride
        state.updates += 1
        state.average()
        losses.append(value.detach().clone())
        rate = pace.rate(state.step, state.updates)
        if len(losses) == report_every or rate is None:
            now = time.monotonic()
            speed = len(losses) * config.batch / (now - since)
            seen = state.step * config.batch // pace.stride
            mean = float(torch.stack(losses).mean())
            report = Report(state.step, seen, *pace.progress(state.step), mean, speed)
            losses, since = [], now
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(report.__dict__) + "\n")
            on_report(report)
        if time.monotonic() - saved > save_every_seconds or rate is None:
            state.save(folder)
            saved = time.monotonic()
    network.load_state_dict(state.averaged)
    network.eval()


def begin(network: nn.Module, config: Fit, folder: Path, step: int) -> None:
    """Write a first checkpoint, so that `fit` continues from these weights at this step."""
    state = _State(network, config)
    state.step = step
    state.save(folder)


def steps_made(folder: Path) -> int:
    """The step of a run's checkpoint; 0 if there is none."""
    if not (folder / CHECKPOINT).exists():
        return 0
    return int(read_checkpoint(folder)[1]["step"])


def place(network: N, device: torch.device) -> N:
    """Move a network to a device; channels last makes these convolutions several times faster."""
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def fast_precision(device: torch.device) -> torch.autocast:
    """A context in which networks run in bfloat16, if that is faster than float32 on the device."""
    return torch.autocast(device.type, torch.bfloat16, enabled=_fast_bfloat16(device))


def _fast_bfloat16(device: torch.device) -> bool:
    if device.type != "cpu":
        return True
    # Older versions of PyTorch do not report this.
    known: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get("avx512_bf16"))


def load_averaged(network: nn.Module, folder: Path) -> int:
    """Load the averaged (EMA) weights of a run, finished or not, and return its step.

    Raises:
        FileNotFoundError: the folder holds no checkpoint.
        InputError: the checkpoint is of another network.
    """
    held, counts = read_checkpoint(folder)
    network.load_state_dict(_weights(held, "averaged", network, folder))
    network.eval()
    return int(counts["step"])


def _weights(
    held: Mapping[str, Tensor], kind: str, network: nn.Module, folder: Path
) -> dict[str, Tensor]:
    """The weights of one kind, "network" or "averaged", which must fit the network."""
    found = {}
    for name, value in network.state_dict().items():
        kept = held.get(f"{kind}.{name}")
        if kept is None or kept.shape != value.shape:
            reason = f"its checkpoint is of a network that differs from the recipe's in {name}"
            allowed = "a new folder, or one of the same recipe and version of Yuragi"
            raise InputError("runs", str(folder), allowed, reason)
        found[name] = kept
    return found
