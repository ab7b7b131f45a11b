"""Train the network that tells whether the result of a drag looks whole (`yuragi.drag.wholeness`).

It learns from drags of the validation splits whose true results are known, together with damaged
results (`yuragi.research.bench.intent.variants`) and our own results, at the size at which the
intent score compares pictures. Rotated, mirrored, recoloured, and lighter or darker copies serve as
new drags.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from yuragi.drag.intent import shrunk
from yuragi.drag.wholeness import Wholeness
from yuragi.images.tensors import to_tensor
from yuragi.research.bench.intent.drags import Drag, drag
from yuragi.research.bench.intent.variants import VARIANTS, ours
from yuragi.research.files import save_whole
from yuragi.research.train.config import Fit
from yuragi.research.train.loop import Loss, Report, fast_precision, fit, place
from yuragi.research.train.portraits import drawn_by

__all__ = ["DRAGS", "FIT", "drawn", "train_wholeness", "write_wholeness"]

DRAGS = 1550
FIT = Fit(steps=8000, batch=8, learning_rate=2e-3, warmup=50, ema=0.995, seed=5)
"""The batch size counts drags; each comes with its true result and `DAMAGED` others."""
DAMAGED = 2
CERTAIN = 0.3
"""The weight of separating true from damaged results of all drags, relative to ranking in one."""
LEAST = -20.0
"""Damage is clamped to this minimum; less teaches nothing, as with results that did not change."""
SIDE = 192
"""The side of the drags in pixels, before they are shrunk for comparison."""
VERSION = 1
"""The version of the drags; increase it when what makes them or damages them changes."""
PART = 100
"""The number of drags in a file."""

Pictures: TypeAlias = Mapping[str, Tensor]
"""Pictures of a drag by name: ``before``, ``truth`` and damaged ones, uint8 [3, h, w]."""


def drawn(number: int, folder: Path, on_progress: Callable[[int, int], None]) -> list[Pictures]:
    """The first drags of the validation splits; they are made and stored if not in the folder.

    Raises:
        YuragiError: a package with pictures is not installed.
    """
    found: list[Pictures] = []
    for first in range(0, number, PART):
        path = folder / f"drags-{first}-{_made_by()}.safetensors"
        if not path.exists():
            made = [_pictures(drag("validation", k, SIDE)) for k in range(first, first + PART)]
            named = {f"{k} {name}": x for k, each in enumerate(made) for name, x in each.items()}
            save_whole(named, path)
        held = load_file(path)
        for k in range(min(PART, number - first)):
            own = f"{k} "
            found.append({n.removeprefix(own): x for n, x in held.items() if n.startswith(own)})
        on_progress(len(found), number)
    return found


def _made_by() -> str:
    """A digest of what decides the drags of a file besides their numbers."""
    told = json.dumps([VERSION, SIDE, PART, *VARIANTS, drawn_by()]).encode()
    return hashlib.blake2b(told, digest_size=6).hexdigest()


def _pictures(one: Drag) -> Pictures:
    made = {"before": to_tensor(one.before), "truth": to_tensor(one.truth), "ours": ours(one)}
    made |= {
        name: picture
        for name, make in VARIANTS.items()
        if name != "nothing" and (picture := make(one)) is not None
    }
    levels = {
        name: (shrunk(x)[0] * 127.5 + 127.5).round().byte().contiguous() for name, x in made.items()
    }
    return {
        name: x
        for name, x in levels.items()
        if name in ("before", "truth") or not torch.equal(x, levels["truth"])
    }


def train_wholeness(
    drags: Sequence[Pictures],
    config: Fit,
    folder: Path,
    device: torch.device,
    on_report: Callable[[Report], None],
) -> Wholeness:
    """Train on drags, resuming from `folder`."""
    torch.manual_seed(config.seed)  # the starting weights
    network = place(Wholeness(), device)
    fit(network, _loss(network, drags, config.batch, device), config, folder, on_report)
    return network


def _loss(network: Wholeness, drags: Sequence[Pictures], batch: int, device: torch.device) -> Loss:
    def loss(step: int, rng: torch.Generator) -> Tensor:
        numbers = np.random.default_rng(rng.initial_seed())
        before, results, of = [], [], []
        for k, index in enumerate(numbers.integers(len(drags), size=batch)):
            pictures = _varied(drags[index], numbers)
            damaged = [name for name in pictures if name not in ("before", "truth")]
            shown = numbers.permutation(damaged)[:DAMAGED]
            for name in ("truth", *shown):
                before.append(pictures["before"])
                results.append(pictures[name])
                of.append(k)
        shape = results[0].shape
        assert all(x.shape == shape for x in results), "drags have one size"
        x, y = (torch.stack(each).to(device) for each in (before, results))
        with fast_precision(device):
            damage = network(x, y).clamp(min=LEAST)
        owner = torch.tensor(of, device=device)
        true = torch.cat([owner.new_ones(1), owner.diff()]) > 0
        better = damage[true][owner]  # the damage of the true result of the same drag
        ranks = nn.functional.softplus(better - damage)[~true].mean()
        known = nn.functional.binary_cross_entropy_with_logits(damage, (~true).to(damage))
        return ranks + CERTAIN * known

    return loss


def _varied(drag: Pictures, rng: np.random.Generator) -> Pictures:
    """Pictures of a drag in [-1, 1], all rotated, mirrored and recoloured in the same way."""
    turns, mirror = int(rng.integers(4)), bool(rng.integers(2))
    gain, colours = rng.uniform(0.7, 1.15), torch.from_numpy(rng.permutation(3))

    def one(levels: Tensor) -> Tensor:
        x = ((levels.float() / 127.5 - 1)[colours] * gain).clamp(-1, 1)
        return torch.rot90(x.flip(2) if mirror else x, turns, (1, 2))

    return {name: one(levels) for name, levels in drag.items()}


def write_wholeness(network: Wholeness, path: Path) -> None:
    """Write the network's weights in half precision, either completely or not at all."""
    save_whole({name: x.half() for name, x in network.state_dict().items()}, path)
