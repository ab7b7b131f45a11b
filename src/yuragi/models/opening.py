"""The options of loading a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import BeforeValidator

from yuragi.errors import InputError
from yuragi.options.option import Option
from yuragi.options.values import Strict

__all__ = ["Dtype", "Offload", "Opening"]

Offload: TypeAlias = Literal["model", "sequential"]
Dtype: TypeAlias = Literal["float32", "float16", "bfloat16", "float64"]


def _device(value: Any) -> Any:
    """The name of a torch device."""
    return value if value is None else str(value)


def _dtype(value: Any) -> Any:
    """The name of a torch dtype."""
    names = get_args(Dtype)
    found = value if value is None or isinstance(value, str) else str(value).removeprefix("torch.")
    if found is not None and found not in names:
        allowed = f"one of {', '.join(names)}, or a torch dtype such as torch.bfloat16"
        raise InputError("dtype", value, allowed)
    return found


class Opening(Strict):
    """The options of loading a model."""

    device: Annotated[
        str | None,
        BeforeValidator(_device),
        Option("PyTorch device on which the model runs.", default="the GPU if there is one"),
    ] = None
    dtype: Annotated[
        Dtype | None,
        BeforeValidator(_dtype),
        Option(
            "Precision of the weights.",
            default="float32 on a CPU; on a GPU bfloat16 for flow models and float16 for others",
            advanced=True,
        ),
    ] = None
    config: Annotated[
        Path | None,
        Option(
            "Folder of a pipeline of the same kind; needed to load a single-file model.",
            "--model-config",
            metavar="PATH",
            advanced=True,
        ),
    ] = None
    offline: Annotated[bool, Option("Never contact the hub.", advanced=True)] = False
    allow_pickle: Annotated[
        bool,
        Option(
            "Allow weights in .bin and .ckpt files, which are read as plain tensors only.",
            advanced=True,
        ),
    ] = False
    offload: Annotated[
        Offload | None,
        Option(
            "Keep weights in main memory until they are used: one model at a time, or layer by "
            "layer (sequential), which is slowest and needs the least memory.",
            advanced=True,
        ),
    ] = None
    vae_tiling: Annotated[
        bool,
        Option(
            "Run the autoencoder on one picture at a time, and on large pictures in tiles.",
            advanced=True,
        ),
    ] = False
    compile: Annotated[
        bool,
        Option(
            "Compile the network with torch.compile; this pays off after many pictures.",
            advanced=True,
        ),
    ] = False

    def with_more(self, given: Mapping[str, Any]) -> Opening:
        """A copy with some values replaced."""
        return Opening(**{**self.model_dump(), **given})
