"""The register of models under the user's own names, with checks that their files are unchanged.

The register is a JSON file in the user's data folder with name, path, note, fingerprint, and the
BLAKE2b digest of every weight file. Files are not copied.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from yuragi.errors import InputError
from yuragi.folders import data_folder

__all__ = ["Entry", "changed_files", "forget", "register", "registered"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Entry:
    """A registered model.

    Attributes:
        path: the directory or file.
        note: the user's note, such as a licence.
        weights: the fingerprint; see `yuragi.models.fingerprint`.
        files: the BLAKE2b digest of every weight file, by its path below `path`.
    """

    path: str
    note: str
    weights: str
    files: Mapping[str, str]


def registered() -> dict[str, Entry]:
    """All registered models by name.

    Raises:
        InputError: the register is damaged; the file is not changed.
    """
    file = _file()
    if not file.exists():
        return {}
    try:
        return {name: Entry(**entry) for name, entry in json.loads(file.read_text("utf-8")).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError("model", str(file), "a register that yuragi wrote") from error


def register(name: str, path: Path, note: str, taken: Mapping[str, object]) -> Entry:
    """Register a model under a name.

    Args:
        name: the name, of letters, digits, dots, dashes and underscores.
        path: the directory or single file of a pipeline.
        note: a note of any content.
        taken: the names that cannot be used.

    Raises:
        InputError: the name is not valid or is taken, or there are no weights at the path.
    """
    from yuragi.models.fingerprint import fingerprint

    known = registered()
    if not NAME.fullmatch(name):
        raise InputError("name", name, "letters, digits, dots, dashes and underscores")
    if name in taken or name in known:
        raise InputError("name", name, "a name that is not taken; see yuragi models")
    files = _hashes(path)
    if not files:
        raise InputError("path", str(path), "a pipeline directory or file in safetensors")
    entry = Entry(str(path.resolve()), note, fingerprint(path), files)
    _write({**known, name: entry})
    return entry


def forget(name: str) -> None:
    """Remove a name from the register; the files stay.

    Raises:
        InputError: the name is not registered.
    """
    known = registered()
    if name not in known:
        raise InputError(
            "name", name, "one of " + (", ".join(known) or "none: nothing is registered")
        )
    _write({other: entry for other, entry in known.items() if other != name})


def changed_files(entry: Entry) -> list[str]:
    """The sorted names of weight files that have changed, are missing or are new."""
    now = _hashes(Path(entry.path))
    names = {*now, *entry.files}
    return sorted(name for name in names if now.get(name) != entry.files.get(name))


def _hashes(path: Path) -> dict[str, str]:
    if path.is_file():
        files = {path.name: path} if path.suffix == ".safetensors" else {}
    else:
        files = {each.relative_to(path).as_posix(): each for each in path.rglob("*.safetensors")}
    found = {}
    for name, file in sorted(files.items()):
        with file.open("rb") as opened:
            found[name] = hashlib.file_digest(
                opened, lambda: hashlib.blake2b(digest_size=16)
            ).hexdigest()
    return found


def _file() -> Path:
    return data_folder() / "models.json"


def _write(entries: Mapping[str, Entry]) -> None:
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    text = json.dumps({name: asdict(entry) for name, entry in entries.items()}, indent=2)
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(file)
