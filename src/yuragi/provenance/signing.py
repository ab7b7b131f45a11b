"""The options for signing, from which the options of commands are made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from yuragi.errors import InputError
from yuragi.options.option import Option
from yuragi.options.values import Strict

__all__ = ["Signing"]


class Signing(Strict):
    """Whether files are signed, and by whom."""

    sign: Annotated[
        bool,
        Option("Sign files with content credentials (C2PA), which `yuragi verify` reads."),
    ] = False
    certificate: Annotated[
        Path | None,
        Option(
            "Certificate chain to sign with (PEM, the signer's own first).",
            default="a development certificate of this machine, which nobody trusts",
            metavar="FILE",
            advanced=True,
        ),
    ] = None
    key: Annotated[
        Path | None,
        Option("Private key of the certificate (PEM).", metavar="FILE", advanced=True),
    ] = None
    signer: Annotated[
        str,
        Field(pattern=r"^([\w.]+:[\w.]+)?$"),
        Option(
            "Python function that signs instead of a key: from bytes to their signature, as COSE "
            "stores it.",
            metavar="MODULE:FUNCTION",
            advanced=True,
        ),
    ] = ""
    time_stamp: Annotated[
        str,
        Field(pattern=r"^(https?://.+)?$"),
        Option(
            "Address of an authority that confirms the time of a signature (RFC 3161).",
            metavar="URL",
            advanced=True,
        ),
    ] = ""

    @model_validator(mode="after")
    def _whole(self) -> Signing:
        named = self.key is not None or bool(self.signer)
        if self.certificate is None and named:
            raise InputError("certificate", None, "the certificate of the key or signer")
        if self.certificate is not None and (self.key is not None) == bool(self.signer):
            allowed = "given with a certificate, or a signer (MODULE:FUNCTION) instead"
            raise InputError("key", None if self.key is None else str(self.key), allowed)
        return self
