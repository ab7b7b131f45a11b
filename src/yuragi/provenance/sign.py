"""Signing a file: the last step of writing it, because the signature covers every other byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, Literal

from yuragi.errors import InputError, YuragiError, missing_extra, warn_caller
from yuragi.provenance.certificate import development
from yuragi.provenance.media import media_type
from yuragi.provenance.process import call
from yuragi.provenance.signing import Signing

__all__ = ["RECORD", "SOURCE_TYPES", "Input", "Statement", "prepare", "signed"]

RECORD = "yuragi.request"
"""The label of the assertion with the request."""
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@dataclass(frozen=True)
class Input:
    """A picture that went into another one.

    Attributes:
        title: its name; for a file the name without folders.
        data: the bytes of its file. Its own credentials, if it has any, are kept.
        relation: ``parentOf`` for the picture that was edited, and ``inputTo`` for others.
        plain: the same picture without credentials; it is used if they cannot be read.
        held: whether the manifest holds the whole picture, so that it can be taken out again.
    """

    title: str
    data: bytes
    relation: Literal["parentOf", "inputTo"]
    plain: bytes = b""
    held: bool = False


@dataclass(frozen=True)
class Statement:
    """The content of a manifest.

    Attributes:
        software: the name and version of the software that made the file.
        source_type: how the file was made; a term of the IPTC's digital source types.
        doing: what was done, in a few words.
        record: the request as text, from which the picture can be made again.
        inputs: the input pictures. One of them can be the parent.
        more: further actions, in words.
    """

    software: Mapping[str, str]
    source_type: str
    doing: str
    record: str
    inputs: Sequence[Input] = ()
    more: Sequence[str] = ()


def prepare(signing: Signing) -> None:
    """Check before a model runs that files can be signed; create the certificate if necessary.

    Raises:
        MissingExtraError: the optional dependencies ``c2pa`` are not installed.
        InputError: a file of the signer is missing.
    """
    if find_spec("c2pa") is None:
        raise missing_extra("signing", "c2pa")
    _signer(signing)


def signed(data: bytes, title: str, statement: Statement, signing: Signing) -> bytes:
    """The bytes of a picture file with a manifest inside.

    If the credentials of an input cannot be read, a warning says that they are not kept.

    Args:
        data: the complete file with all its metadata.
        title: the name of the file.
        statement: the content of the manifest.
        signing: the signer.

    Raises:
        MissingExtraError: the optional dependencies ``c2pa`` are not installed.
        InputError: a file of the signer is missing.
        YuragiError: the library refused to sign, or failed.
    """
    try:
        return _signed(data, title, statement, signing)
    except InputError:
        raise
    except YuragiError:
        bare = [replace(each, data=each.plain or each.data) for each in statement.inputs]
        if bare == list(statement.inputs):
            raise
        made = _signed(data, title, replace(statement, inputs=bare), signing)
    reason = "the credentials of the input could not be read, and are not kept"
    warn_caller(reason)
    return made


def _signed(data: bytes, title: str, statement: Statement, signing: Signing) -> bytes:
    files = {"file": data} | {f"input-{k}": x.data for k, x in enumerate(statement.inputs)}
    task = {
        "do": "sign",
        "media_type": media_type(data),
        "manifest": _manifest(title, statement),
        "inputs": [_ingredient(f"input-{k}", x) for k, x in enumerate(statement.inputs)],
        "signing": _signer(signing),
    }
    answer = call(task, files)
    if "error" in answer.told:
        raise YuragiError(f"the file could not be signed: {answer.told['said']}")
    return answer.files["file"]


def _signer(signing: Signing) -> Mapping[str, str]:
    """The files or the function of the signer, for the child process."""
    chain, key = signing.certificate, signing.key
    if chain is None:
        own = development()
        chain, key = own.chain, own.key
    for name, file in (("certificate", chain), ("key", key)):
        if file is not None and not file.is_file():
            raise InputError(name, str(file), "", "the file is missing")
    return {
        "chain": str(chain.absolute()),
        "key": "" if key is None else str(key.absolute()),
        "signer": signing.signer,
        "time_stamp": signing.time_stamp,
    }


def _ingredient(file: str, given: Input) -> Mapping[str, Any]:
    told: dict[str, Any] = {"title": given.title, "relationship": given.relation, "label": file}
    if given.held:
        told["data"] = {"format": "image/png", "identifier": file}
    return {"file": file, "media_type": media_type(given.data), "ingredient": told}


def _manifest(title: str, statement: Statement) -> dict[str, Any]:
    agent = dict(statement.software)
    parents = [k for k, each in enumerate(statement.inputs) if each.relation == "parentOf"]
    made: dict[str, Any] = {
        "action": "c2pa.edited" if parents else "c2pa.created",
        "softwareAgent": agent,
        "digitalSourceType": SOURCE_TYPES + statement.source_type,
        "description": statement.doing,
    }
    actions: list[dict[str, Any]] = [made]
    if parents:
        opened = {"ingredientIds": [f"input-{parents[0]}"]}
        actions.insert(0, {"action": "c2pa.opened", "parameters": opened})
    actions += [
        {"action": "c2pa.edited", "softwareAgent": agent, "description": each}
        for each in statement.more
    ]
    return {
        "claim_generator_info": [agent],
        "title": title,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {"label": RECORD, "kind": "Json", "data": {"record": statement.record}},
        ],
    }
