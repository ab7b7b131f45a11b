"""Reading the credentials of a file, which may come from a stranger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yuragi.errors import InputError
from yuragi.provenance.certificate import credentials_folder
from yuragi.provenance.media import media_type
from yuragi.provenance.process import call
from yuragi.provenance.sign import RECORD

__all__ = ["Credentials", "Damaged", "anchors", "read_credentials", "trusted_folder"]


class Damaged(Exception):
    """There are credentials, but the library cannot interpret them."""


@dataclass(frozen=True)
class Credentials:
    """The credentials of a file.

    Attributes:
        manifest: the active manifest, as the library returns it.
        failures: the codes of failed checks, with explanations; empty if all checks passed. An
            untrusted signer is not among them.
        trusted: whether one of our trust anchors vouches for the signer.
        pictures: PNG files that the manifest holds, by title.
    """

    manifest: Mapping[str, Any]
    failures: Mapping[str, str]
    trusted: bool
    pictures: Mapping[str, bytes]

    @property
    def record(self) -> str:
        """The request that the manifest holds; empty if there is none."""
        for each in self.manifest.get("assertions", []):
            if each.get("label") == RECORD and isinstance(each.get("data"), dict):
                return str(each["data"].get("record", ""))
        return ""


def trusted_folder() -> Path:
    """The folder whose PEM files are trust anchors of this user."""
    return credentials_folder() / "trusted"


def anchors(files: Sequence[Path] = ()) -> str:
    """The trust anchors: PEM files given here, and those in `trusted_folder`.

    Raises:
        InputError: a file cannot be read, or holds no certificate.
    """
    found = []
    for file in (*files, *sorted(trusted_folder().glob("*.pem"))):
        try:
            text = file.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("trust", str(file), "a readable PEM file") from error
        if "-----BEGIN CERTIFICATE-----" not in text:
            raise InputError("trust", str(file), "a PEM file with certificates")
        found.append(text)
    return "\n".join(found)


def read_credentials(data: bytes, trust: str = "", name: str = "a file") -> Credentials | None:
    """The credentials in the bytes of a picture file; None if it has none.

    Args:
        data: the file.
        trust: PEM of the trust anchors; nobody else is trusted.
        name: the name of the file in errors.

    Raises:
        MissingExtraError: the optional dependencies ``c2pa`` are not installed.
        InputError: it is not a picture.
        Damaged: it has credentials that cannot be interpreted.
        ChildError: the library crashed on them, took too long or needed too much memory.
    """
    task = {"do": "read", "media_type": media_type(data, name=name), "anchors": trust}
    answer = call(task, {"file": data})
    told = answer.told
    if told.get("error") == "ManifestNotFound":
        return None
    if "error" in told:
        raise Damaged(told["said"])
    store = told["store"]
    failures = {
        each["code"]: str(each.get("explanation", ""))
        for each in _failures(store.get("validation_results", {}))
        if each["code"] != "signingCredential.untrusted"
    }
    state = store.get("validation_state")
    if state == "Invalid" and not failures:
        failures = {"unknown": "the library calls the manifest invalid"}
    return Credentials(
        store.get("manifests", {}).get(store.get("active_manifest"), {}),
        failures,
        bool(trust) and state == "Trusted",
        {title: answer.files[file] for file, title in told["pictures"].items()},
    )


def _failures(results: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The failed checks of the manifest, and those that are new for its ingredients."""
    found = list(results.get("activeManifest", {}).get("failure", []))
    for each in results.get("ingredientDeltas", []):
        found += each.get("validationDeltas", {}).get("failure", [])
    return found
