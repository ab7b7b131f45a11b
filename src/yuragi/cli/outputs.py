"""Options for output files: those of every task, and additional ones of some tasks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from yuragi.cli.files import check_output
from yuragi.errors import InputError
from yuragi.options.option import Option
from yuragi.options.values import Strict

if TYPE_CHECKING:
    from PIL import Image

    from yuragi.tasks.base import Request
    from yuragi.tasks.result import Result

__all__ = ["EXTRAS", "Extra", "Output"]

SUFFIXES = (".png",)
PICTURES = (".png", ".jpg", ".webp")


class Output(Strict):
    """Options for the files and the messages of a result."""

    output: Annotated[
        Path,
        Option(
            "File to write, or folder to write to; several pictures are numbered.",
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
    quiet: Annotated[bool, Option("Hide the progress bar.", also="-q")] = False

    def paths(self, kind: str, count: int) -> list[Path]:
        """The files for `count` pictures of a task.

        A path with a suffix is a file, to whose name numbers are added for several pictures. Any
        other path is a folder, in which files are named after the task.
        """
        if not self.output.suffix:
            return [self.output / f"{kind}-{k:04d}.png" for k in range(count)]
        if count == 1:
            return [self.output]
        return [self.output.with_stem(f"{self.output.stem}-{k:04d}") for k in range(count)]

    def check(self, paths: Sequence[Path], taken: Sequence[Path]) -> None:
        """Refuse files that cannot be written, or that would replace a file unintentionally.

        Raises:
            InputError: a file is refused.
        """
        if not self.output.suffix and self.output.exists() and not self.output.is_dir():
            raise InputError("output", str(self.output), "a folder, or a file name with a suffix")
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

    def instead(
        self, request: Request, sources: Mapping[str, Image.Image]
    ) -> Mapping[str, Image.Image] | None:
        """Pictures by option that replace running the model; None to run the model.

        Raises:
            InputError: the request does not support this.
        """
        return None

    @abstractmethod
    def write(self, result: Result) -> Iterator[Path]:
        """Write the requested files, and yield their paths."""


class DragExtra(Extra):
    """Additional files of a drag."""

    SUFFIXES_OF: ClassVar[Mapping[str, Sequence[str]]] = {
        "compare": PICTURES,
        "animation": (".gif", ".webp", ".png"),
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

    def write(self, result: Result) -> Iterator[Path]:
        from yuragi.images.show import before_after, save_animation
        from yuragi.tasks.drag import DragRequest

        if self.compare is not None and isinstance(result.request, DragRequest):
            moves = result.request.moves
            self.compare.parent.mkdir(parents=True, exist_ok=True)
            before_after(result.frames[0], result.image, moves).save(self.compare)
            yield self.compare
        if self.animation is not None:
            self.animation.parent.mkdir(parents=True, exist_ok=True)
            save_animation(result.frames, self.animation)
            yield self.animation


class DiffEditExtra(Extra):
    """Additional files of DiffEdit."""

    SUFFIXES_OF: ClassVar[Mapping[str, Sequence[str]]] = {"save_mask": (".png",)}
    save_mask: Annotated[
        Path | None, Option("Also write the mask that was found, as a PNG.", metavar="FILE")
    ] = None

    def write(self, result: Result) -> Iterator[Path]:
        if self.save_mask is not None and result.mask is not None:
            self.save_mask.parent.mkdir(parents=True, exist_ok=True)
            result.mask.save(self.save_mask)
            yield self.save_mask


EXTRAS: Mapping[str, type[Extra]] = {"drag": DragExtra, "diffedit": DiffEditExtra}
"""Additional output options, by task."""
