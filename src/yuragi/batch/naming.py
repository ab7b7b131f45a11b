"""The names of results. A name stands for everything that decides a result."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from yuragi.batch.items import Item, Made
from yuragi.core import NOISE_VERSION
from yuragi.device import pick_device
from yuragi.errors import InputError
from yuragi.models.configuration import configuration
from yuragi.models.directory import class_of
from yuragi.models.families import FAMILIES, family_of
from yuragi.models.fingerprint import fingerprint
from yuragi.models.names import model_folder
from yuragi.models.opening import Opening
from yuragi.tasks.base import Request
from yuragi.tasks.record import public

__all__ = ["Setup", "as_checked", "name_of", "setup_of"]


@dataclass(frozen=True)
class Setup:
    """What computes a request, as far as it is known before a model is loaded.

    Attributes:
        weights: the fingerprint of the model's weights; empty for a model on the hub, which the
            request names.
        weak_weights: the same of the weaker model; empty if there is none.
        config: the digest of the model's configuration; empty like the weights.
        weak_config: the same of the weaker model.
        dtype: the precision; empty if it is known only when the model is loaded.
        vae_tiling: whether large pictures are decoded in tiles, which changes them.
    """

    weights: str
    weak_weights: str
    config: str
    weak_config: str
    dtype: str
    vae_tiling: bool

    def check(self, weights: str, weak_weights: str, dtype: str) -> None:
        """Refuse another setup.

        Args:
            weights: the fingerprint of the model that computes.
            weak_weights: that of the weaker model; empty if there is none.
            dtype: the precision of the network.

        Raises:
            InputError: one of them is another one, so that the result would not be what its name
                says.
        """
        pairs = [("model", weights, self.weights), ("weak_model", weak_weights, self.weak_weights)]
        for argument, found, named in pairs:
            if named and found != named:
                reason = "it has other weights than those for which the result is named"
                raise InputError(argument, found[:12], named[:12], reason)
        if self.dtype and dtype != self.dtype:
            reason = "it is not the precision for which the result is named, which --dtype sets"
            raise InputError("dtype", dtype, self.dtype, reason)


def setup_of(request: Request, opening: Opening) -> Setup:
    """What computes a request on models that are opened in this way.

    Raises:
        InputError: a model is not on this machine, or is no pipeline.
    """
    return _setup(request.model, request.weak_model, opening)


def name_of(request: Request, opening: Opening) -> str:
    """The name of a request's results: the task, and a digest of everything that decides them.

    Raises:
        InputError: any error of `setup_of`.
    """
    setup = asdict(setup_of(request, opening))
    told = [public(request).model_dump(mode="json"), setup, NOISE_VERSION]
    body = json.dumps(told, sort_keys=True).encode()
    return f"{request.kind}-{hashlib.blake2b(body, digest_size=16).hexdigest()}"


def as_checked(item: Item, opening: Opening) -> Made:
    """The request of an item, which must still be the one for which its results are named.

    Raises:
        InputError: it is another one, or cannot be made.
    """
    made = item.made()
    if name_of(made.request, opening) != item.name:
        reason = (
            "its picture, its model or the precision (dtype) has changed since the manifest was "
            "checked"
        )
        raise InputError("row", item.row, "", reason)
    return made


@lru_cache
def _setup(model: str, weaker: str | None, opening: Opening) -> Setup:
    folder = model_folder(model)
    weak = None if weaker is None else model_folder(weaker, "weak_model")
    return Setup(
        _weights(folder),
        _weights(weak),
        _config(folder, opening.config),
        _config(weak, None),
        _dtype(folder, opening),
        opening.vae_tiling,
    )


def _weights(folder: Path | None) -> str:
    return "" if folder is None else fingerprint(folder)


def _config(folder: Path | None, beside: Path | None) -> str:
    """The digest of a model's configuration, which a single file does not contain."""
    if folder is not None and folder.is_file():
        folder = beside
    return "" if folder is None else configuration(folder)


def _dtype(folder: Path | None, opening: Opening) -> str:
    """The precision that loading would choose (`yuragi.models.families.family.Family.dtype`)."""
    if opening.dtype is not None:
        return opening.dtype
    # Workers can have a device that this machine lacks, so a given one is not looked for.
    device = opening.device or pick_device().type
    if device.partition(":")[0] == "cpu":
        return "float32"
    if folder is None:
        return ""
    kind = family_of(class_of(opening.config if folder.is_file() and opening.config else folder))
    return str(FAMILIES[kind].half).removeprefix("torch.") if kind in FAMILIES else ""
