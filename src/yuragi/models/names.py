"""Names of models: resolving a name to a path, versions, and loading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from yuragi.errors import InputError
from yuragi.models.hub import HUB
from yuragi.models.opening import Opening
from yuragi.models.places import remember
from yuragi.models.register import registered

if TYPE_CHECKING:
    from yuragi.models.model import DiffusionModel

__all__ = [
    "SHIPPED",
    "load_model",
    "load_weak",
    "model_folder",
    "model_names",
    "model_path",
    "public_name",
    "split_version",
    "with_version",
]

VERSIONED = re.compile(r"(.+)@([0-9a-f]{6,32})")
"""Pattern of a name with the beginning of a fingerprint of its weights."""

SHIPPED: Mapping[str, str] = {
    "portraits": "drawn portraits, 256 x 256, from a description; Stable Diffusion format",
}
"""The names and descriptions of the models inside the package."""


def model_names() -> list[str]:
    """The names of shipped and registered models."""
    return [*SHIPPED, *registered()]


def model_path(name: str | Path) -> Path:
    """The directory of a shipped or registered model, or the path itself; a version is ignored.

    Raises:
        InputError: the name is not known and not an existing path.
    """
    base, _ = split_version(str(name))
    if base in SHIPPED:
        return Path(str(files("yuragi") / "assets" / "models" / base))
    known = registered()
    path = Path(known[base].path if base in known else base)
    if not path.exists():
        allowed = (
            f"a shipped or registered model ({', '.join([*SHIPPED, *known])}), the path of a "
            "pipeline directory, or owner/name on the hub"
        )
        raise InputError("model", str(name), allowed, "there is no such model")
    return path


def split_version(name: str) -> tuple[str, str]:
    """Split ``name@hash`` of a model on this machine into the name and the hash.

    The hash is the beginning of a fingerprint. Other names are returned whole with an empty hash,
    because on the hub ``@`` begins a revision.
    """
    found = VERSIONED.fullmatch(name)
    return (found[1], found[2]) if found and _is_here(found[1]) else (name, "")


def _is_here(name: str) -> bool:
    return name in SHIPPED or name in registered() or Path(name).exists()


def with_version(name: str, weights: str) -> str:
    """``name@hash`` for these weights. Names on the hub and of objects are not changed."""
    if _is_elsewhere(name):
        return name
    found = VERSIONED.fullmatch(name)
    return f"{found[1] if found else name}@{weights[:12]}"


def _is_elsewhere(name: str) -> bool:
    """Whether a name belongs to the hub or an object, and not also to a model on this machine."""
    unlike = HUB.fullmatch(name) or (name.startswith("<") and name.endswith(">"))
    return bool(unlike) and not _is_here(split_version(name)[0])


def public_name(name: str) -> str:
    """The name for files that others read; for a path on this machine only its last part."""
    base, version = split_version(name)
    if base in SHIPPED or base in registered() or _is_elsewhere(name):
        return name
    return Path(base).resolve().name + (f"@{version}" if version else "")


def model_folder(name: str, argument: str = "model") -> Path | None:
    """The directory or file of a name; None for names on the hub and for objects of the caller.

    Args:
        name: the name that the user gave.
        argument: the name of the argument in errors.

    Raises:
        InputError: the name is not known, not an existing path, and not one of the others.
    """
    if _is_elsewhere(name):
        return None
    try:
        return model_path(name)
    except InputError as error:
        raise error.called(argument) from error


def load_model(name: str | Path, opening: Opening | None = None) -> DiffusionModel:
    """Load a model.

    Args:
        name: a shipped or registered name or a path, perhaps with a version (``name@hash``), or
            a name on the hub, ``owner/name`` or ``owner/name@revision``.
        opening: the options of loading.

    Raises:
        InputError: the model has another version than the named one; any error of `model_path` and
            `yuragi.models.load.load_diffusers`.
    """
    from yuragi.models.load import load_diffusers

    opening = opening or Opening()
    if model_folder(str(name)) is None:
        return load_diffusers(name, opening)
    loaded, (_, version) = load_diffusers(model_path(name), opening), split_version(str(name))
    if not loaded.weights.startswith(version):
        allowed = f"version {loaded.weights[:12]}, which is what lies in {loaded.path}"
        raise InputError("model", str(name), allowed)
    if loaded.path is not None and public_name(str(name)) != str(name):
        remember(loaded.weights, loaded.path)
    return loaded


def load_weak(name: str | None, strong: DiffusionModel) -> DiffusionModel | None:
    """The weaker model of autoguidance, on the device and in the precision of the strong model.

    Raises:
        InputError: any error of `load_model`, about ``weak_model``.
    """
    if name is None:
        return None
    try:
        return load_model(
            name,
            strong.opening.with_more(
                {"device": strong.device, "dtype": strong.dtype, "config": None}
            ),
        )
    except InputError as error:
        raise error.called("weak_model") from error
