"""Options for output files: those of every task, and additional ones of some tasks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeAlias

from yuragi.cli.files import check_output
from yuragi.errors import InputError
from yuragi.images.files import ANIMATIONS, SUFFIXES, numbered
from yuragi.options.option import Option
from yuragi.options.values import Strict

if TYPE_CHECKING:
    from PIL import Image

    from yuragi.tasks.base import Request
    from yuragi.tasks.result import Result
    from yuragi.tasks.writing import Style

__all__ = ["EXTRAS", "Extra", "Output", "Save"]

Save: TypeAlias = tuple[Path, Callable[[Path], object]]
"""A file, and the function that writes it."""


class Output(Strict):
    """Options for the files and the messages of a result."""

    output: Annotated[
        Path,
        Option(
            "File to write (.png, .jpg or .webp; several pictures are numbered), or a folder.",
            also="-o",
            metavar="PATH",
        ),
    ]
    overwrite: Annotated[bool, Option("Replace existing files.")] = False
    embed: Annotated[
        bool,
        Option(
            "Store the input pictures inside the result, so that the file alone can be replayed."
        ),
    ] = True
    json_line: Annotated[
        bool, Option("Print one line of JSON instead of the file names.", "--json")
    ] = False
    mark: Annotated[
        bool, Option("Draw a small label in a corner that says that a model made the picture.")
    ] = False
    quiet: Annotated[
        bool, Option("Hide the progress bar and the messages before a run.", also="-q")
    ] = False

    def paths(self, kind: str, count: int) -> list[Path]:
        """The files for `count` pictures of a task; see `yuragi.images.files.numbered`."""
        return numbered("output", self.output, kind, count)

    def check(self, paths: Sequence[Path], taken: Sequence[Path]) -> None:
        """Refuse files that cannot be written, or that would replace a file unintentionally.

        Raises:
            InputError: a file is refused.
        """
        for path in paths:
            check_output("output", path, taken, self.overwrite, SUFFIXES)


class Extra(Strict):
    """Additional files of one task. Each field with a path is a file to write."""

    SUFFIXES_OF: ClassVar[Mapping[str, Sequence[str]]] = {}

    @property
    def files(self) -> Mapping[str, Path]:
        """The files to write, by option."""
        return {name: value for name, value in self if isinstance(value, Path)}

    def check(self, taken: Sequence[Path], overwrite: bool) -> None:
        """Refuse files that cannot be written; raises the errors of `Output.check`."""
        held = list(taken)
        for name, path in self.files.items():
            check_output(name, path, held, overwrite, self.SUFFIXES_OF[name])
            held.append(path)

    def count(self, asked: int) -> int:
        """The number of pictures to write, of a task that is asked for so many."""
        return asked

    def instead(
        self, request: Request, sources: Mapping[str, Image.Image]
    ) -> Mapping[str, Image.Image] | None:
        """Pictures by option to write instead of running the model; None to run the model.

        Raises:
            InputError: the request does not support this.
        """
        return None

    @abstractmethod
    def write(self, result: Result, style: Style) -> Iterator[Save]:
        """The requested files, and how each is written."""


class DragExtra(Extra):
    """Additional files of a drag."""

    SUFFIXES_OF: ClassVar[Mapping[str, Sequence[str]]] = {
        "compare": SUFFIXES,
        "animation": ANIMATIONS,
    }
    compare: Annotated[
        Path | None,
        Option(
            "Also write the pictures before and after the drag, with the points drawn in.",
            metavar="FILE",
        ),
    ] = None
    animation: Annotated[
        Path | None,
        Option("Also write an animation of the steps (.gif, .webp or .png).", metavar="FILE"),
    ] = None
    preview: Annotated[
        bool, Option("Write only the warp, without running a model (preset warp).")
    ] = False

    def count(self, asked: int) -> int:
        return 1 if self.preview else asked

    def instead(
        self, request: Request, sources: Mapping[str, Image.Image]
    ) -> Mapping[str, Image.Image] | None:
        from yuragi.images.show import before_after
        from yuragi.tasks.drag import DragRequest
        from yuragi.tasks.warping import preview

        if not self.preview or not isinstance(request, DragRequest):
            return None
        if request.method.name != "warp":
            raise InputError("preset", request.preset, "warp with --preview")
        before = sources[request.image.digest]
        mask = None if request.mask is None else sources[request.mask.digest]
        warped = preview(request, before, mask)
        made = {"output": warped}
        if self.compare is not None:
            made["compare"] = before_after(before, warped, request.moves)
        return made

    def write(self, result: Result, style: Style) -> Iterator[Save]:
        record = result.record
        if self.compare is not None:
            shown = replace(record, shows="comparison")
            yield self.compare, partial(style.write, picture=result.compare(), record=shown)
        if self.animation is not None:
            frames = list(result.frames)
            yield self.animation, partial(style.write_animation, result=record, frames=frames)


class DiffEditExtra(Extra):
    """Additional files of DiffEdit."""

    SUFFIXES_OF: ClassVar[Mapping[str, Sequence[str]]] = {"save_mask": (".png",)}
    save_mask: Annotated[
        Path | None, Option("Also write the mask that was found, as a PNG.", metavar="FILE")
    ] = None

    def write(self, result: Result, style: Style) -> Iterator[Save]:
        if self.save_mask is not None and result.mask is not None:
            shown = replace(result.record, shows="mask")
            yield self.save_mask, partial(style.write, picture=result.mask, record=shown)


EXTRAS: Mapping[str, type[Extra]] = {"drag": DragExtra, "diffedit": DiffEditExtra}
"""Additional output options, by task."""
