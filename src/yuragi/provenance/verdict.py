"""What credentials mean, in words, and as an exit code for scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from yuragi.provenance.certificate import DEVELOPMENT
from yuragi.provenance.process import ChildError
from yuragi.provenance.read import Credentials, Damaged, read_credentials
from yuragi.provenance.sign import SOURCE_TYPES

__all__ = ["EXIT", "Verdict", "Verified", "verify"]


class Verdict(StrEnum):
    """The verdict on a file."""

    TRUSTED = "trusted"
    """It was not altered since it was signed, and a trust anchor vouches for the signer."""
    UNTRUSTED = "untrusted"
    """It was not altered since it was signed, and nobody vouches for the signer."""
    ALTERED = "altered"
    """The file or its credentials were altered after the signature."""
    ABSENT = "absent"
    """It has no credentials."""
    UNREADABLE = "unreadable"
    """Its credentials made the library crash, or need too much time or memory."""


EXIT: Mapping[Verdict, int] = {
    Verdict.TRUSTED: 0,
    Verdict.ALTERED: 1,
    Verdict.ABSENT: 3,
    Verdict.UNREADABLE: 4,
    Verdict.UNTRUSTED: 5,
}
"""Exit codes of `yuragi verify`; 2 means that the file is not a picture."""


@dataclass(frozen=True)
class Verified:
    """What is known about a file.

    Attributes:
        verdict: the verdict on it.
        signer: the organisation and name in the signer's certificate; empty if nobody signed.
        time: the time of the signature, if an authority confirmed it.
        software: the software that made the file.
        inputs: what it was made from, one sentence each.
        actions: what was done, one sentence each.
        problems: the explanations of failed checks, by C2PA code.
    """

    verdict: Verdict
    signer: str = ""
    time: str = ""
    software: str = ""
    inputs: Sequence[str] = ()
    actions: Sequence[str] = ()
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def sentences(self) -> list[str]:
        """All of this in words, one line each."""
        about = [
            *([f"signed by {self.signer}"] if self.signer else []),
            *([f"time of the signature: {self.time}"] if self.time else []),
            *([f"made with {self.software}"] if self.software else []),
            *self.inputs,
            *self.actions,
        ]
        broken = [f"does not hold: {code} ({why})" for code, why in self.problems.items()]
        return [SAID[self.verdict], *about, *broken]


SAID: Mapping[Verdict, str] = {
    Verdict.TRUSTED: "not altered since it was signed; a trust anchor vouches for the signer",
    Verdict.UNTRUSTED: (
        "not altered since it was signed; no trust anchor vouches for the signer, so that the name "
        "below proves nothing"
    ),
    Verdict.ALTERED: (
        "ALTERED since it was signed: what follows does not describe the file as it is now"
    ),
    Verdict.ABSENT: "no credentials: nothing is known about this file, neither good nor bad",
    Verdict.UNREADABLE: "the credentials could not be read safely",
}


def verify(data: bytes, trust: str = "", name: str = "a file") -> Verified:
    """What the credentials of a picture file say.

    Args:
        data: the bytes of the file.
        trust: PEM of the trust anchors.
        name: the name of the file in errors.

    Raises:
        MissingExtraError: the optional dependencies ``c2pa`` are not installed.
        InputError: it is not a picture.
    """
    try:
        found = read_credentials(data, trust, name)
    except Damaged as error:
        return Verified(Verdict.ALTERED, problems={"damaged": str(error)})
    except ChildError as error:
        return Verified(Verdict.UNREADABLE, problems={"reader": str(error)})
    if found is None:
        return Verified(Verdict.ABSENT)
    try:
        return _told(found)
    except (AttributeError, KeyError, TypeError) as error:  # a stranger can write anything
        return Verified(Verdict.ALTERED, problems={"damaged": f"of an unknown form: {error}"})


def _told(found: Credentials) -> Verified:
    held = Verdict.TRUSTED if found.trusted else Verdict.UNTRUSTED
    signature = found.manifest.get("signature_info", {})
    return Verified(
        Verdict.ALTERED if found.failures else held,
        _signer(signature),
        _clean(signature.get("time", "")),
        _software(found.manifest.get("claim_generator_info", [])),
        [_clean(_input(each)) for each in found.manifest.get("ingredients", [])],
        [_clean(each) for each in _actions(found)],
        {code: _clean(why) for code, why in found.failures.items()},
    )


def _clean(text: object) -> str:
    """A stranger's text without characters that control a terminal."""
    return "".join(each if each.isprintable() else "?" for each in str(text))


def _signer(signature: Mapping[str, Any]) -> str:
    parts = [str(signature[key]) for key in ("issuer", "common_name") if signature.get(key)]
    told = _clean(", ".join(parts))
    if signature.get("issuer") == DEVELOPMENT:
        told += " (made by Yuragi for trying out; anyone can make one)"
    return told


def _software(told: Sequence[Mapping[str, Any]]) -> str:
    named = [f"{each.get('name', '')} {each.get('version', '')}".strip() for each in told]
    return _clean(", ".join(each for each in named if each))


def _input(told: Mapping[str, Any]) -> str:
    title = told.get("title") or "a picture without a name"
    if told.get("data") and told.get("relationship") == "inputTo":
        return f"holds a copy of the input {title}, for a replay"
    role = "made from" if told.get("relationship") == "parentOf" else "with the input"
    if not told.get("active_manifest"):
        return f"{role} {title}, which had no credentials"
    own = told.get("validation_results", {}).get("activeManifest", {})
    broken = [
        each["code"]
        for each in own.get("failure", [])
        if each["code"] != "signingCredential.untrusted"
    ]
    if broken:
        return f"{role} {title}, whose own credentials did not hold ({', '.join(broken)})"
    return f"{role} {title}, whose own credentials held"


def _actions(found: Credentials) -> list[str]:
    said = []
    for assertion in found.manifest.get("assertions", []):
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            said += [_action(each) for each in assertion["data"].get("actions", [])]
    return [each for each in said if each != "opened"]  # the inputs say what was opened


def _action(told: Mapping[str, Any]) -> str:
    words = str(told.get("action", "")).removeprefix("c2pa.")
    if told.get("description"):
        words += f": {told['description']}"
    if source := str(told.get("digitalSourceType", "")).removeprefix(SOURCE_TYPES):
        words += f" ({source})"
    return words
