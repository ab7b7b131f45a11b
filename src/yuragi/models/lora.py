r"""A LoRA of one picture: low-rank matrices that are fitted to the picture in seconds.

On q, k, v and out of every attention layer the weight W becomes W + s B A, with A and B of rank r.
They are trained on one latent z and its prompt with the network's own loss (its output against
`Direct.target`), one draw of (t, eps) a step, by AdamW. A starts at random, B at 0. Both stay in
float32, whatever the precision of W: in float16 AdamW's eps is 0, and its first step 0 / 0.

While editing, s fades with the noise (SDE-Drag's schedule; t0 is the highest level of the edit):

    s(t) = floor + (1 - floor) (1 + cos(pi min(t / t0, 1))) / 2

so that the LoRA acts fully at the clean end, and less at the noisy end, where content moves. t is
the schedule's own time from its clean end, even if the network reads something else (flows with a
shift read sigma).

Interrupted training is resumed: weights and the optimiser's moments are stored in a file next to
the finished one. All files are safetensors, and keyed by everything that determines them.

References: Hu et al. 2022 (arXiv 2106.09685); Nie et al. 2024 (arXiv 2311.01410), section 4 and its
released settings.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from yuragi.core import Condition, Direct, SeededNoise, in_precision
from yuragi.errors import InputError
from yuragi.images.files import whole
from yuragi.models.model import DiffusionModel

__all__ = ["LoRAFit", "adapted", "learned", "trainable"]

LAYERS = ("to_q", "to_k", "to_v", "to_out.0")
NAME = "yuragi"
KEPT_EVERY = 20
"""The number of steps between saves of an unfinished LoRA."""

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class LoRAFit:
    """The settings of fitting a LoRA.

    Attributes:
        rank: the rank of the LoRA.
        steps: the number of steps of AdamW, with one noisy latent each.
        learning_rate: the learning rate of AdamW (betas 0.9 and 0.999, weight decay 0.01).
    """

    rank: int
    steps: int
    learning_rate: float


def learned(
    model: DiffusionModel,
    z: Tensor,
    prompt: str,
    fit: LoRAFit,
    seed: int,
    file: Path,
    on_step: Callable[[int], None],
) -> Weights:
    """Fit a LoRA to one latent, or read it from its file if the file exists.

    Args:
        model: the model, whose network is restored afterwards.
        z: the clean latent [1, c, h, w], float32.
        prompt: the description of the picture.
        fit: the settings.
        seed: the seed; every draw is keyed by (seed, step).
        file: the file of the finished LoRA. ``<file>.partial`` contains an unfinished one.
        on_step: a function called with the number of finished steps; raise in it to cancel.

    Raises:
        InputError: any error of `trainable`, or the learning rate is so high that the weights
            become infinite.
    """
    kind = trainable(model)
    if file.exists() and _finite(kept := load_file(file)):
        return kept
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".partial")
    with _injected(model.network, fit.rank) as lora, torch.enable_grad():
        progress = _Progress(lora.weights, fit, seed)
        progress.resume(partial)
        condition = model.bind_bare([prompt]).condition
        for step in range(progress.done, fit.steps):
            loss = _loss(model, kind, z, condition, seed, step)
            loss.backward()  # type: ignore[no-untyped-call]
            progress.step()
            if progress.done % KEPT_EVERY == 0:
                progress.keep(partial)
            on_step(progress.done)
        finished = {name: each.detach().cpu().contiguous() for name, each in lora.weights.items()}
    if not _finite(finished):
        partial.unlink(missing_ok=True)
        allowed = "a lower number: the weights of the LoRA became infinite"
        raise InputError("learning_rate", fit.learning_rate, allowed)
    with whole(file) as ready:
        save_file(finished, ready)
    partial.unlink(missing_ok=True)
    return finished


@contextlib.contextmanager
def adapted(
    model: DiffusionModel, weights: Weights, rank: int, floor: float, top: float
) -> Iterator[DiffusionModel]:
    """The model with a LoRA in its network, which is removed afterwards.

    Args:
        model: the model.
        weights: the weights of the LoRA, from `learned`.
        rank: the rank of the LoRA.
        floor: the scale s of the LoRA at t0 and above.
        top: t0, the highest time of the edit, on the time axis of the model's schedule.

    Raises:
        InputError: any error of `trainable`.
    """
    kind = trainable(model)
    with _injected(model.network, rank) as lora:
        with torch.no_grad():
            for name, parameter in lora.weights.items():
                parameter.copy_(weights[name])
        clean = model.denoiser.schedule.clean
        fading = replace(kind, time=_Fading(kind.time, lora.layers, floor, clean, top))
        yield replace(model, denoiser=replace(model.denoiser, prediction=fading))


def trainable(model: DiffusionModel) -> Direct:
    """The prediction of a model, if a LoRA can be fitted to it.

    Raises:
        InputError: the prediction has no training target, the network has no attention layers, or
            its weights are elsewhere until they are needed (sequential offloading).
    """
    family, kind, network = model.capabilities.family, model.denoiser.prediction, model.network
    if not isinstance(kind, Direct):
        raise InputError("lora", family, "a model that predicts eps, v, x0 or flow")
    if not any(name.endswith(LAYERS) for name, _ in network.named_modules()):
        raise InputError("lora", family, "a model whose network has attention layers")
    if any(parameter.is_meta for parameter in network.parameters()):
        raise InputError("lora", family, "a model without sequential offloading of its network")
    return kind


def _finite(weights: Weights) -> bool:
    return all(bool(weight.isfinite().all()) for weight in weights.values())


@dataclass(frozen=True)
class _Fading:
    """A `Direct.time` that also sets the scale s(t) of the LoRA before the network is called.

    The scale is set here because code closer to the network does not know t: some networks read
    another time.

    Attributes:
        read: the function from (t, alpha, sigma) to the time that the network reads.
        layers: the layers of peft that contain the LoRA.
        floor: the scale s at t0 and above.
        clean: the time of the clean end.
        top: the time t0.
    """

    read: Callable[[Tensor, Tensor, Tensor], Tensor]
    layers: Sequence[Any]
    floor: float
    clean: float
    top: float

    def __call__(self, t: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        share = min((t.item() - self.clean) / (self.top - self.clean), 1.0)
        scale = self.floor + (1 - self.floor) * (1 + math.cos(math.pi * share)) / 2
        for layer in self.layers:
            layer.set_scale(NAME, scale)
        return self.read(t, alpha, sigma)


@dataclass(frozen=True)
class _LoRA:
    """A LoRA in a network: the layers of peft, and their weights by name."""

    layers: Sequence[Any]
    weights: Mapping[str, nn.Parameter]


@contextlib.contextmanager
def _injected(network: nn.Module, rank: int) -> Iterator[_LoRA]:
    """Add a LoRA to a network, in addition to adapters of the user, and remove it afterwards."""
    from diffusers.utils.peft_utils import recurse_remove_peft_layers
    from peft import LoraConfig, inject_adapter_in_model
    from peft.tuners.lora import LoraLayer

    def layers() -> list[Any]:
        return [each for each in network.modules() if isinstance(each, LoraLayer)]

    theirs = {layer: list(layer.active_adapters) for layer in layers()}
    learnable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=list(LAYERS))
    with torch.random.fork_rng(devices=[]):  # peft draws random numbers
        inject_adapter_in_model(config, network, NAME)
    try:
        mine = [layer for layer in layers() if NAME in layer.lora_A]
        for layer in mine:
            layer.set_adapter([*theirs.get(layer, []), NAME])
        network.requires_grad_(False)
        ends = f".lora_A.{NAME}.weight", f".lora_B.{NAME}.weight"
        weights = {name: each for name, each in network.named_parameters() if name.endswith(ends)}
        for each in weights.values():  # peft gives them the precision of the network
            each.data = each.data.float()
        yield _LoRA(tuple(mine), weights)
    finally:
        for layer in layers():
            layer.delete_adapter(NAME)
            if layer in theirs:
                layer.set_adapter(theirs[layer])
        if theirs:
            network.peft_config.pop(NAME, None)  # type: ignore[union-attr,operator]
        else:
            recurse_remove_peft_layers(network)
            del network.peft_config
        network.requires_grad_(False)
        for parameter in learnable:
            parameter.requires_grad_(True)


def _loss(
    model: DiffusionModel,
    kind: Direct,
    z: Tensor,
    condition: Condition | None,
    seed: int,
    step: int,
) -> Tensor:
    """The loss of one draw of (t, eps), with t uniform over the times that the network reads."""
    schedule, network = model.denoiser.schedule, model.denoiser.network
    share = torch.special.ndtr(SeededNoise(seed, [step], "lora time")(0, torch.zeros(1)).double())
    t = schedule.faintest + share[0] * (schedule.noisiest - schedule.faintest)
    eps = SeededNoise(seed, [step], "lora")(0, z)
    alpha, sigma = (value.to(z) for value in schedule(t))
    x, time = kind.inputs(alpha * z + sigma * eps, t, alpha, sigma)
    dtype = getattr(network, "dtype", None) or x.dtype
    told = in_precision(condition, dtype)
    out = network(x.to(dtype), time.to(z).expand(1), told).to(x.dtype)
    return (out - kind.target(z, eps, alpha, sigma)).square().mean()


class _Progress:
    """The weights and AdamW's moments, stored on disk during training."""

    def __init__(self, weights: Mapping[str, nn.Parameter], fit: LoRAFit, seed: int) -> None:
        self.weights, self.done = weights, 0
        for index, (name, parameter) in enumerate(sorted(weights.items())):
            with torch.no_grad():
                start = SeededNoise(seed, [index], stream="lora start")(0, parameter[None])[0]
                parameter.copy_(start / fit.rank if ".lora_A." in name else 0 * start)
            parameter.requires_grad_(True)
        self.optimizer = torch.optim.AdamW(
            weights.values(), fit.learning_rate, betas=(0.9, 0.999), weight_decay=0.01, eps=1e-8
        )

    def step(self) -> None:
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.done += 1

    def keep(self, file: Path) -> None:
        """Write everything; an existing file is replaced as a whole."""
        tensors = {"step": torch.tensor(self.done)}
        for name, parameter in self.weights.items():
            state = self.optimizer.state[parameter]
            tensors |= {
                f"weight {name}": parameter.detach(),
                f"mean {name}": state["exp_avg"],
                f"square {name}": state["exp_avg_sq"],
            }
        with whole(file) as ready:
            save_file({name: each.cpu().contiguous() for name, each in tensors.items()}, ready)

    def resume(self, file: Path) -> None:
        """Resume from the file if it exists and is complete; otherwise start."""
        try:
            kept = load_file(file)
        except (FileNotFoundError, SafetensorError):
            return
        self.done = int(kept["step"])
        for name, parameter in self.weights.items():
            with torch.no_grad():
                parameter.copy_(kept[f"weight {name}"])
            self.optimizer.state[parameter] = {
                "step": torch.tensor(float(self.done)),
                "exp_avg": kept[f"mean {name}"].to(parameter),
                "exp_avg_sq": kept[f"square {name}"].to(parameter),
            }
