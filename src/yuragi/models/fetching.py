"""Pipelines on the hub: their names, and their files on this machine."""

from __future__ import annotations

from pathlib import Path

from yuragi.errors import InputError
from yuragi.models.directory import PICKLES
from yuragi.models.hub import HUB

__all__ = ["fetched"]


def fetched(name: str, *, offline: bool = False, allow_pickle: bool = False) -> Path:
    """Download a pipeline from the hub, and return its folder.

    Args:
        name: the name ``owner/name`` or ``owner/name@revision``.
        offline: whether to use files on this machine only, without contacting the hub.
        allow_pickle: whether to download files that can run code when they are opened.

    Raises:
        InputError: the name is not valid; the hub does not provide the model; or, while offline,
            the model is not on this machine (the error names the command that downloads it).
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    if not HUB.fullmatch(name):
        raise InputError("model", name, "a name on the hub: owner/name or owner/name@revision")
    repository, _, revision = name.partition("@")
    unwanted = [] if allow_pickle else [f"*{ending}" for ending in PICKLES]
    try:
        return Path(
            snapshot_download(
                repository,
                revision=revision or None,
                local_files_only=offline,
                ignore_patterns=[*unwanted, "*.py", "*.msgpack", "*.onnx", "*.h5"],
            )
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError) as error:
        if offline:
            command = f"yuragi {'--allow-pickle ' if allow_pickle else ''}models fetch {name}"
            reason = "it is not on this machine, and the hub is not asked here"
            allowed = f"fetched first: {command}"
        else:
            reason = f"the hub does not give it: {str(error).splitlines()[0]}"
            allowed = "an existing path, or a name that the hub can be asked for"
        raise InputError("model", name, allowed, reason) from error
