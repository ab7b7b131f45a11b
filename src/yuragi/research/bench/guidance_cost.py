"""The cost of a gain: time, evaluations and peak memory of a guided step, relative to plain.

It is measured on the portrait network, and on two random networks of a commonly used size
(80 to 120 M parameters): a Stable Diffusion UNet and a stack of DiT blocks. The values of the
weights do not affect the cost. Every round measures all gains, so that a slow moment of the machine
affects all of them. The report has the median over rounds of the time relative to the plain step of
the same round.

On a GPU, peak memory is that of the allocator above the weights. On a CPU, it is the memory that
autograd saves for the reverse product (none for gains without gradients), because that is the
difference between gains.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import DiTTransformer2DModel, UNet2DConditionModel
from torch import Tensor, nn

from yuragi.core import (
    Condition,
    Counting,
    NetworkDenoiser,
    Schedule,
    TableSchedule,
    predictions,
    scaled_linear_betas,
    trailing,
)
from yuragi.device import wait_for
from yuragi.guidance import (
    Gain,
    Guided,
    LookAhead,
    Ratio,
    Refresh,
    RowSum,
    RowSumForward,
    Scheduled,
    constant,
    plain,
)
from yuragi.models.checkpoint import checkpointing
from yuragi.models.names import load_model
from yuragi.models.opening import Opening
from yuragi.research.bench.memory import Peak, peak_memory
from yuragi.research.bench.report import frame

__all__ = ["bench_guidance_cost"]

CALLS = 8
"""The number of guided steps that are timed together: a whole cycle of the slowest refresh."""


@dataclass(frozen=True)
class _Case:
    """A network to time: the strong and the weak denoiser, and a noisy state."""

    strong: NetworkDenoiser
    weak: NetworkDenoiser
    x: Tensor
    module: nn.Module

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self.module.parameters())


def _gains(module: nn.Module) -> Mapping[str, Callable[[], Gain]]:
    """Constructors of gains by name, so that each round starts without stored state."""
    return {
        "plain": lambda: plain,
        "reg": RowSum,
        "reg, checkpointed": lambda: RowSum(around=lambda: checkpointing(module)),
        "reg_forward": RowSumForward,
        "reg_forward, refresh 4": lambda: Refresh(RowSumForward(), 4),
        "ratio": Ratio,
        "ratio, stale direction": lambda: Ratio(stale=True),
        "ratio, refresh 4": lambda: Refresh(Ratio(), 4),
        "ratio, refresh 8": lambda: Refresh(Ratio(), 8),
        "look-ahead": lambda: LookAhead(plain),
        "scheduled": lambda: Scheduled((0.01, 100.0), (1.0, 2.0)),
    }


def bench_guidance_cost(
    model: str,
    repeats: int,
    batch: int,
    large: bool,
    device: torch.device,
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """Measure every gain on every network.

    Args:
        model: the name or path of a pipeline.
        repeats: the number of rounds.
        batch: the number of samples in a step.
        large: whether to measure the two random networks too.
        device: where to run.
        on_done: called with (rounds done, rounds in total).
    """
    makers: list[Callable[[], _Case]] = [lambda: _portrait(model, batch, device)]
    if large:
        makers += [lambda: _unet(batch, device), lambda: _dit(batch, device)]
    names = [model, "random UNet", "random DiT"][: len(makers)]
    tables: dict[str, Any] = {}
    for i, (name, make) in enumerate(zip(names, makers, strict=True)):
        case = make()

        def done(round_: int, before: int = i * (repeats + 1)) -> None:
            on_done(before + round_, len(makers) * (repeats + 1))

        tables[name] = {"parameters": case.parameters} | _measure(case, repeats, device, done)
        del case  # the next network needs the memory
    report = frame("guidance-cost", device, [], repeats)
    return report | {"batch": batch, "calls": CALLS, "networks": tables}


def _measure(
    case: _Case, repeats: int, device: torch.device, done: Callable[[int], None]
) -> dict[str, Any]:
    gains = _gains(case.module)
    seconds: dict[str, list[float]] = {name: [] for name in gains}
    rows: dict[str, Any] = {}
    for round_ in range(repeats + 1):
        for name, make in gains.items():
            took, evaluations, memory = _cycle(case, make(), device)
            if round_ == 0:  # warms up and counts
                cost = make().cost
                rows[name] = {
                    "evaluations": evaluations / CALLS / len(case.x),
                    "declared": cost._asdict(),
                    "peak_mib": round(memory, 1),
                }
            else:
                seconds[name].append(took)
        done(round_ + 1)
    for name, times in seconds.items():
        relative = [a / b for a, b in zip(times, seconds["plain"], strict=True)]
        rows[name] |= {
            "seconds_per_step": statistics.median(times) / CALLS,
            "relative": statistics.median(relative),
        }
    return {"gains": rows}


def _cycle(case: _Case, gain: Gain, device: torch.device) -> tuple[float, float, float]:
    """Seconds, evaluations and peak MiB of `CALLS` guided steps at descending noise levels."""
    counter = Counting(case.strong.network)
    strong = NetworkDenoiser(
        counter, case.strong.schedule, case.strong.prediction, case.strong.condition
    )
    guided = Guided(strong, strong.bind(case.weak.condition), constant(4.0), gain)
    times = trailing(case.strong.schedule, 2 * CALLS)[CALLS // 2 :][:CALLS]
    with torch.no_grad(), _peak(device, case.module) as peak:
        began = time.perf_counter()
        for t in times:
            guided(case.x, t)
        wait_for(device)
        took = time.perf_counter() - began
    return took, counter.evaluations, peak.mib


@contextlib.contextmanager
def _peak(device: torch.device, module: nn.Module) -> Iterator[Peak]:
    """Peak memory of a block: of the allocator on a GPU, of autograd's saved tensors on a CPU."""
    if device.type == "cuda":
        with peak_memory(device) as peak:
            yield peak
        return
    peak, activations = Peak(), _Activations(module)
    with torch.autograd.graph.saved_tensors_hooks(activations.pack, activations.unpack):
        yield peak
    peak.mib = activations.most / 2**20


class _Activations:
    """The bytes of the tensors that autograd holds, apart from weights, and the most so far."""

    def __init__(self, module: nn.Module) -> None:
        self._weights = {p.untyped_storage().data_ptr() for p in module.parameters()}
        self.most = 0
        self._held = 0

    def pack(self, tensor: Tensor) -> _Saved:
        weight = tensor.untyped_storage().data_ptr() in self._weights
        size = 0 if weight else tensor.nbytes
        self._held += size
        self.most = max(self.most, self._held)
        return _Saved(tensor, size, self)

    def unpack(self, saved: _Saved) -> Tensor:
        return saved.tensor

    def freed(self, size: int) -> None:
        self._held -= size


class _Saved:
    """A tensor that autograd saves; it reports when it is freed."""

    def __init__(self, tensor: Tensor, size: int, owner: _Activations) -> None:
        self.tensor, self._size, self._owner = tensor, size, owner

    def __del__(self) -> None:
        self._owner.freed(self._size)


def _portrait(model: str, batch: int, device: torch.device) -> _Case:
    loaded = load_model(model, Opening(device=str(device)))
    x = torch.randn(batch, loaded.codec.channels, loaded.side, loaded.side, device=device)
    strong, weak = loaded.bind(["a person with red hair"]), loaded.bind([""])
    return _Case(strong, weak, x, loaded.network)


def _denoisers(
    network: Callable[[Tensor, Tensor, Condition | None], Tensor],
    schedule: Schedule,
    one: Condition,
    other: Condition,
) -> tuple[NetworkDenoiser, NetworkDenoiser]:
    strong = NetworkDenoiser(network, schedule, predictions["epsilon"], one)
    return strong, strong.bind(other)


def _unet(batch: int, device: torch.device) -> _Case:
    """Stable Diffusion's UNet at about a ninth of its size."""
    module = UNet2DConditionModel(
        sample_size=32,
        block_out_channels=(128, 256, 384, 384),
        cross_attention_dim=512,
        attention_head_dim=8,
    )
    module.to(device).eval().requires_grad_(False)

    def network(x: Tensor, t: Tensor, condition: Condition | None) -> Tensor:
        text = None if condition is None else condition["text"]
        output: Tensor = module(x, t, text).sample
        return output

    schedule = TableSchedule.from_betas(scaled_linear_betas())
    texts = torch.randn(2, 1, 77, 512, device=device)
    strong, weak = _denoisers(network, schedule, {"text": texts[0]}, {"text": texts[1]})
    return _Case(strong, weak, torch.randn(batch, 4, 32, 32, device=device), module)


def _dit(batch: int, device: torch.device) -> _Case:
    """A stack of nine DiT blocks of DiT-B's width."""
    module = DiTTransformer2DModel(
        num_attention_heads=12,
        attention_head_dim=64,
        in_channels=4,
        out_channels=4,
        num_layers=9,
        sample_size=32,
        patch_size=2,
    )
    module.to(device).eval().requires_grad_(False)

    def network(x: Tensor, t: Tensor, condition: Condition | None) -> Tensor:
        labels = None if condition is None else condition["label"]
        output: Tensor = module(x, timestep=t, class_labels=labels).sample
        return output

    schedule = TableSchedule.from_betas(scaled_linear_betas())
    first, second = (torch.tensor([k], device=device) for k in (1, 1000))
    strong, weak = _denoisers(network, schedule, {"label": first}, {"label": second})
    return _Case(strong, weak, torch.randn(batch, 4, 32, 32, device=device), module)
