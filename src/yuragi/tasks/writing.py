"""Write the pictures of a result with their request inside, and mark and sign them if requested."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from PIL import Image

from yuragi import __version__
from yuragi.images.files import as_given, encoded, write_file
from yuragi.images.mark import MARK, marked
from yuragi.images.png import Carried
from yuragi.images.show import animated
from yuragi.provenance.sign import Input, Statement, signed
from yuragi.provenance.signing import Signing
from yuragi.tasks.base import OnPicture
from yuragi.tasks.record import Record, parameters, public

__all__ = ["Style"]


@dataclass(frozen=True)
class Style:
    """How the files of a result are written.

    Attributes:
        embed_sources: whether they contain the input pictures.
        mark: whether pictures get the visible mark.
        signing: how they are signed, if at all.
        original: the file of the edited picture, whose own credentials are kept.
    """

    embed_sources: bool = True
    mark: bool = False
    signing: Signing = field(default_factory=Signing)
    original: bytes | None = None

    def write(self, path: Path, picture: Image.Image, record: Record) -> None:
        """Write a picture.

        Raises:
            YuragiError: signing failed.
            OSError: the folder cannot be written.
        """
        write_file(path, self.encoded(path.name, picture, record))

    def encoded(self, name: str, picture: Image.Image, record: Record) -> bytes:
        """The bytes of a picture's file.

        Args:
            name: the name of the file, whose suffix is one of `yuragi.images.files.SUFFIXES`.
            picture: the picture.
            record: the record of the picture, which the file contains.

        Raises:
            YuragiError: signing failed.
        """
        if self.mark and record.shows != "mask":
            picture, record = marked(picture), replace(record, marked=True)
        carried, finish = self._carried(record, picture), as_given
        if self.signing.sign:
            statement = self._statement(record)
            finish = partial(signed, title=name, statement=statement, signing=self.signing)
        return encoded(Path(name).suffix, picture, carried, finish)

    def write_animation(self, path: Path, result: Record, frames: list[Image.Image]) -> None:
        """Write the frames of a drag as an animation; raises the errors of `write`."""
        record = replace(result, shows="animation", marked=self.mark)
        shown = [marked(each) for each in frames] if self.mark else frames
        data = animated(shown, path.suffix.lower(), self._carried(record, shown[0]))
        if self.signing.sign:
            data = signed(data, path.name, self._statement(record), self.signing)
        write_file(path, data)

    def _carried(self, record: Record, picture: Image.Image) -> Carried:
        """The texts and the input pictures inside a file."""
        texts = {
            "parameters": parameters(public(record.request), picture.size),
            "yuragi": record.text,
        }
        return Carried(texts, record.sources if self.embed_sources else {})

    def _statement(self, record: Record) -> Statement:
        """The statement in the content credentials of a file."""
        request, inputs = public(record.request), list[Input]()
        if isinstance(record.request, OnPicture):
            named = record.request.image
            plain = _png(record.sources[named.digest])
            inputs.append(
                Input(named.name or "the input", self.original or plain, "parentOf", plain)
            )
        if self.embed_sources:
            # Named by digest, so that a replay finds them if the plain metadata is gone.
            inputs += [
                Input(key, _png(source), "inputTo", held=True)
                for key, source in record.sources.items()
            ]
        model = f"with the model {request.model}, seed {request.seed}"
        if not record.origin.weights:
            model = "without a model"
        return Statement(
            {"name": "Yuragi", "version": __version__},
            _source_type(record),
            f"{request.kind} {model}"
            + ("" if record.shows == "result" else f"; the file shows the {record.shows}"),
            record.text,
            inputs,
            [f"the visible mark {MARK} in a corner"] if record.marked else [],
        )


def _source_type(record: Record) -> str:
    """How the file was made, as a digital source type of the IPTC."""
    if record.shows == "mask":
        return "algorithmicMedia"
    if not record.origin.weights:
        return "humanEdits"
    edited = isinstance(record.request, OnPicture)
    return "compositeWithTrainedAlgorithmicMedia" if edited else "trainedAlgorithmicMedia"


def _png(picture: Image.Image) -> bytes:
    held = io.BytesIO()
    picture.save(held, "PNG")
    return held.getvalue()
