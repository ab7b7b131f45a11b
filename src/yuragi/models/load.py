"""Models from pipelines of diffusers: an object, a directory, a single file, or a name on the hub.

Yuragi uses the parts of a pipeline (autoencoder, text encoders, network, the scheduler's
configuration) with its own loop, solvers and guidance. The shipped portrait model is loaded in the
same way. `yuragi.models.families` contains the code that depends on the family of a model.

Weights are read from safetensors. Other files can run code when they are opened, so they are
refused, or, if the caller allows it, read as plain tensors (``weights_only``). Code from a
repository is never run. The hub is contacted only for names ``owner/name`` or
``owner/name@revision``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors import SafetensorError

from yuragi.core import NetworkDenoiser, Schedule, TimeGrid
from yuragi.device import enough_memory, pick_device
from yuragi.errors import InputError
from yuragi.models.card import card_of
from yuragi.models.directory import check_directory, class_of
from yuragi.models.families import FAMILIES, Parts, family_of
from yuragi.models.fetching import fetched
from yuragi.models.fingerprint import fingerprint_of, fingerprints
from yuragi.models.hub import HUB
from yuragi.models.ip_adapter import with_images
from yuragi.models.model import DiffusionModel
from yuragi.models.opening import Opening
from yuragi.models.quiet import quiet
from yuragi.models.schedules import flow_from_config, grids_of

__all__ = ["load_diffusers", "wrap_pipeline"]


def load_diffusers(source: str | Path, opening: Opening = Opening()) -> DiffusionModel:  # noqa: B008 (frozen)
    """Load a pipeline.

    Args:
        source: a directory with ``model_index.json``, a single file, or a name on the hub.
        opening: the options of loading.

    Raises:
        InputError: the source does not exist, is a pickle or not a pipeline, is damaged, incomplete
            or not supported; the device or precision does not exist, or the device does not support
            offloading; the model is on the hub while offline.
    """
    device = pick_device(opening.device)
    dtype = None if opening.dtype is None else getattr(torch, opening.dtype)
    _check_offload(opening, device)
    path = Path(source)
    if not path.exists() and HUB.fullmatch(str(source)):
        path = fetched(str(source), offline=opening.offline, allow_pickle=opening.allow_pickle)
    kind = class_of(opening.config if path.is_file() and opening.config else path)
    name = family_of(kind)
    if name not in FAMILIES:
        allowed = "a pipeline of class " + ", ".join(FAMILIES)
        raise InputError("model", f"{path} ({kind})", allowed)
    with enough_memory(device):
        with quiet() as said:
            pipeline = _opened(name, path, opening, dtype or FAMILIES[name].dtype(device))
        _check_whole(path, said)
        parts = _prepared(name, pipeline, opening, device)
    weights, files = fingerprints(path)
    return _model(pipeline, parts, path.resolve(), weights, files, opening)


def _check_whole(path: Path, said: Sequence[str]) -> None:
    """Refuse random weights, which are missing in the files; the libraries only warn of them."""
    for line in "\n".join(said).splitlines():
        if "newly initialized: " in line or "| MISSING" in line:
            allowed = f"a whole pipeline; some weights are missing ({' '.join(line.split())})"
            raise InputError("model", str(path), allowed)


def _check_offload(opening: Opening, device: torch.device) -> None:
    if opening.offload is None:
        return
    if device.type == "cpu":
        allowed = "None on a CPU: its memory is where weights are offloaded to"
        raise InputError("offload", opening.offload, allowed)
    if opening.compile:
        allowed = (
            "None with compile, because weights that are moved between devices cannot be compiled"
        )
        raise InputError("offload", opening.offload, allowed)


def _prepared(name: str, pipeline: Any, opening: Opening, device: torch.device) -> Parts:
    """Move a pipeline that Yuragi opened to its device, and set its options."""
    for part in pipeline.components.values():
        if isinstance(part, torch.nn.Module):
            part.requires_grad_(False).eval()
    for part in ("unet", "vae"):
        if getattr(pipeline, part, None) is not None:
            # This is a fifth faster on a CPU.
            getattr(pipeline, part).to(memory_format=torch.channels_last)
    parts = FAMILIES[name].parts(pipeline)
    if opening.compile:
        parts.module.compile(fullgraph=True)
    if opening.vae_tiling and parts.capabilities.latent:
        pipeline.vae.enable_slicing()
        pipeline.vae.enable_tiling()
    match opening.offload:
        case "model":
            pipeline.enable_model_cpu_offload(device=device)
        case "sequential":
            pipeline.enable_sequential_cpu_offload(device=device)
        case None:
            pipeline.to(device)
    return parts


def wrap_pipeline(pipeline: Any, images: Sequence[Image.Image] = ()) -> DiffusionModel:
    """Wrap a pipeline object of the caller, without changing it.

    Its device, precision, offloading, slicing, adapters and compiled parts stay in effect.

    Args:
        pipeline: the pipeline of diffusers.
        images: the pictures for its IP-Adapters, one per adapter.

    Raises:
        InputError: the class is not supported; see also `yuragi.models.ip_adapter`.
    """
    kind = type(pipeline).__name__
    name = family_of(kind)
    if name not in FAMILIES:
        raise InputError("model", kind, "a pipeline of class " + ", ".join(FAMILIES))
    parts = FAMILIES[name].parts(pipeline)
    model = _model(pipeline, parts, None, fingerprint_of(parts.module), {}, Opening())
    with enough_memory(model.device):
        return with_images(model, images)


def _model(
    pipeline: Any,
    parts: Parts,
    path: Path | None,
    weights: str,
    files: Mapping[str, str],
    opening: Opening,
) -> DiffusionModel:
    scheduler, patch, sized = pipeline.scheduler, parts.patch, None
    if patch is not None and scheduler.config.get("use_dynamic_shifting"):

        def sized(cells: int) -> tuple[Schedule, Mapping[str, TimeGrid]]:
            tokens = cells // patch**2
            return flow_from_config(scheduler.config, tokens), grids_of(scheduler, tokens)

    tokens = 0 if patch is None else parts.side**2 // patch**2
    return DiffusionModel(
        path,
        weights,
        card_of(pipeline, path, files),
        pipeline,
        parts.module,
        NetworkDenoiser(parts.network, parts.schedule, parts.prediction),
        parts.codec,
        parts.encode,
        parts.capabilities,
        parts.side,
        grids_of(scheduler, tokens),
        sized,
        left_out=parts.left_out,
        opening=opening,
    )


def _opened(name: str, path: Path, opening: Opening, dtype: torch.dtype) -> Any:
    """Open a pipeline from a checked directory or a single file."""
    import diffusers
    from diffusers.loaders.single_file_utils import SingleFileComponentError

    kind = getattr(diffusers, name)
    try:
        if path.is_file():
            return kind.from_single_file(
                str(path),
                config=None if opening.config is None else str(opening.config),
                local_files_only=opening.offline or opening.config is not None,
                torch_dtype=dtype,
                **FAMILIES[name].loading,
            )
        check_directory(path, opening.allow_pickle)
        return kind.from_pretrained(
            path,
            dtype=dtype,
            use_safetensors=None if opening.allow_pickle else True,
            local_files_only=True,
            **FAMILIES[name].loading,
        )
    except InputError:
        raise
    except (
        SafetensorError,
        SingleFileComponentError,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        RuntimeError,
    ) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        allowed = f"a whole, undamaged pipeline ({reason})"
        raise InputError("model", str(path), allowed) from error
