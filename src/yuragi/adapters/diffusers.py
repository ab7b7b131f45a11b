"""Stable Diffusion pipelines of diffusers, from a directory, as a `DiffusionModel`.

Only the parts are used (autoencoder, text encoder, UNet, the scheduler's table); the loop, the
solvers and guidance are ours. The shipped portrait model takes this same path.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from safetensors import SafetensorError
from torch import Tensor

from yuragi.adapters.codec import Codec
from yuragi.adapters.fingerprint import fingerprint
from yuragi.core import (
    Condition,
    Counting,
    NetworkDenoiser,
    TableSchedule,
    TimeGrid,
    cosine_betas,
    leading,
    linear_betas,
    predictions,
    scaled_linear_betas,
    time_grids,
)
from yuragi.device import pick_device
from yuragi.errors import InputError

__all__ = ["DiffusionModel", "load_diffusers", "schedule_from_config"]

SUPPORTED = ("StableDiffusionPipeline",)
PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle")


@dataclass(frozen=True)
class UNet:
    """A `UNet2DConditionModel` as a plain network: (x, t, condition) -> output."""

    module: UNet2DConditionModel

    @property
    def dtype(self) -> torch.dtype:
        """What the weights are stored in."""
        dtype: torch.dtype = self.module.dtype
        return dtype

    def __call__(self, x: Tensor, timestep: Tensor, condition: Condition | None) -> Tensor:
        given = condition or {}
        output: Tensor = self.module(x, timestep, given.get("encoder_hidden_states")).sample
        return output


@dataclass(frozen=True)
class DiffusionModel:
    """Everything that sampling and editing need of a latent text-to-image model.

    Attributes:
        path: the directory that it was loaded from.
        weights: fingerprint of the weights.
        pipeline: the diffusers pipeline that holds them.
        denoiser: unconditioned; `bind` a prompt to use it.
        codec: between pixels and latents.
        side: latent cells per side at the model's native size.
        grids: time grids by `timestep_spacing`, with the model's own offset.
    """

    path: Path
    weights: str
    pipeline: StableDiffusionPipeline
    denoiser: NetworkDenoiser
    codec: Codec
    side: int
    grids: Mapping[str, TimeGrid]

    @property
    def native_size(self) -> int:
        """Pixels per side that the model was trained on."""
        return self.side * self.codec.cell

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = self.pipeline.unet.device
        return device

    @torch.no_grad()
    def bind(self, prompts: Sequence[str]) -> NetworkDenoiser:
        """The denoiser under these prompts, one for each row of the batch (or one for all).

        Warns when a prompt is longer than the text encoder reads.
        """
        tokenizer = self.pipeline.tokenizer
        for prompt in prompts:
            tokens, limit = len(tokenizer(prompt).input_ids), tokenizer.model_max_length
            if tokens > limit:
                warnings.warn(
                    f"prompt: {tokens} tokens, of which this model reads {limit}", stacklevel=2
                )
        embeddings, _ = self.pipeline.encode_prompt(
            list(prompts), self.device, num_images_per_prompt=1, do_classifier_free_guidance=False
        )
        return self.denoiser.bind({"encoder_hidden_states": embeddings})

    def counting(self) -> tuple[DiffusionModel, Counting]:
        """The same model with a network that counts its evaluations, and the counter."""
        counter = Counting(self.denoiser.network)
        return replace(self, denoiser=replace(self.denoiser, network=counter)), counter


def schedule_from_config(config: dict[str, Any]) -> TableSchedule:
    """The table of noise levels that a diffusers scheduler configuration describes.

    Raises:
        InputError: a `beta_schedule` that is not linear, scaled_linear or squaredcos_cap_v2.
    """
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


def load_diffusers(
    path: str | Path,
    device: str | torch.device | None = None,
    dtype: torch.dtype | None = None,
) -> DiffusionModel:
    """Load a Stable Diffusion pipeline directory; safetensors only, nothing is downloaded.

    Args:
        path: the directory that holds ``model_index.json``.
        device: where to run; by default the GPU when there is one.
        dtype: of the weights; by default float32 on a CPU and float16 elsewhere.

    Raises:
        InputError: the path does not exist, is a pickle, is no pipeline directory, is damaged, or
            holds a pipeline of another class; no such device.
    """
    folder, device = _checked_folder(Path(path)), pick_device(device)
    dtype = dtype or (torch.float32 if device.type == "cpu" else torch.float16)
    try:
        pipeline = StableDiffusionPipeline.from_pretrained(
            folder,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            safety_checker=None,
            requires_safety_checker=False,
        )
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        allowed = f"a whole, undamaged pipeline directory ({reason})"
        raise InputError("model", str(folder), allowed) from error
    pipeline.to(device)
    unet, config = pipeline.unet, dict(pipeline.scheduler.config)
    for part in (unet, pipeline.vae, pipeline.text_encoder):
        part.requires_grad_(False).eval()
    for part in (unet, pipeline.vae):
        part.to(memory_format=torch.channels_last)  # a fifth faster on a CPU
    kind = config.get("prediction_type", "epsilon")
    if kind not in predictions:
        raise InputError("prediction_type", kind, "one of " + ", ".join(predictions))
    cell = 2 ** (len(pipeline.vae.config.block_out_channels) - 1)
    depth = 2 ** (len(unet.config.block_out_channels) - 1)
    denoiser = NetworkDenoiser(UNet(unet), schedule_from_config(config), predictions[kind])
    offset = int(config.get("steps_offset") or 0)
    return DiffusionModel(
        folder.resolve(),
        fingerprint(folder),
        pipeline,
        denoiser,
        Codec(pipeline.vae, cell, cell * depth),
        int(unet.config.sample_size),
        {**time_grids, "leading": partial(leading, steps_offset=offset)},
    )


def _checked_folder(path: Path) -> Path:
    """The path, if it is a directory with a supported pipeline in safetensors."""
    allowed = "the directory of a Stable Diffusion pipeline in safetensors (with model_index.json)"
    if path.suffix.lower() in PICKLES:
        raise InputError("model", str(path), f"{allowed}; pickles can run code and are refused")
    index = path / "model_index.json"
    if not index.is_file():
        raise InputError("model", str(path), allowed)
    try:
        kind = json.loads(index.read_text("utf-8")).get("_class_name")
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError("model", str(index), "valid JSON") from error
    if kind not in SUPPORTED:
        raise InputError("model", f"{path} ({kind})", "a pipeline of class " + ", ".join(SUPPORTED))
    for part in ("unet", "vae", "text_encoder"):
        files = list((path / part).glob("*"))
        if any(f.suffix in PICKLES for f in files) and not any(
            f.suffix == ".safetensors" for f in files
        ):
            name = next(str(f) for f in files if f.suffix in PICKLES)
            raise InputError("model", name, f"{allowed}; pickles can run code and are refused")
        if not any(f.suffix == ".safetensors" for f in files):
            raise InputError("model", str(path / part), f"{allowed}; no weights here")
    return path
