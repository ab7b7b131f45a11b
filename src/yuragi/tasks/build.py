"""Build complete requests. Invalid input is refused here, before a model is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from PIL import Image
from pydantic import Field

from yuragi.errors import InputError
from yuragi.images.read import MAX_PIXELS
from yuragi.models.names import model_folder
from yuragi.options.option import Option
from yuragi.options.values import Strict
from yuragi.tasks.base import OnPicture, Request
from yuragi.tasks.defaults import defaults_of

__all__ = ["Reading", "build"]

R = TypeVar("R", bound=Request)


class Reading(Strict):
    """Options for reading pictures."""

    resize: Annotated[
        Annotated[int, Field(ge=16, le=16384)] | None,
        Option(
            "Resize the picture first, so that its longer side has this length.",
            unit="pixels",
            metavar="PIXELS",
        ),
    ] = None
    max_pixels: Annotated[
        Annotated[int, Field(ge=1)],
        Option("Largest number of pixels that a picture can have.", unit="pixels", advanced=True),
    ] = MAX_PIXELS


def build(
    kind: type[R],
    given: Mapping[str, Any],
    reading: Reading = Reading(),  # noqa: B008 (frozen)
) -> tuple[R, Mapping[str, Image.Image]]:
    """Build a complete request.

    Args:
        kind: the class of the request.
        given: its options by name, with pictures as `yuragi.images.read.Source`; None selects
            the default of the model (`yuragi.tasks.defaults`), or else of the class.
        reading: the options for reading pictures.

    Returns:
        The request, and the pictures that it refers to, by digest.

    Raises:
        InputError: a value is not allowed.
    """
    values = {name: value for name, value in given.items() if value is not None}
    folder = model_folder(values.get("model", kind.model_fields["model"].default))
    pictures = None
    if issubclass(kind, OnPicture):
        from yuragi.tasks.inputs import read_pictures

        if "image" not in values:
            raise InputError("image", None, "a picture")
        pictures = read_pictures(
            values["image"], values.get("mask"), reading.max_pixels, reading.resize
        )
    values, pictures = kind.prepare(values, pictures)
    if pictures is not None:
        values |= {"image": pictures.reference, "mask": pictures.mask_reference}
    defaults = defaults_of(kind, folder)
    filled = defaults.filling(values)
    left_open = filled.keys() - values.keys()
    try:
        request = kind(**{**values, **filled})
        if request.weak_model is not None:
            model_folder(request.weak_model, "weak_model")
        request = request.complete(folder)
        request.check(pictures)
    except InputError as error:
        raise defaults.blamed(error, left_open) from error
    # Options that the model's file sets do not count as set by the caller.
    request.model_fields_set.difference_update(left_open)
    return request, {} if pictures is None else pictures.by_digest
