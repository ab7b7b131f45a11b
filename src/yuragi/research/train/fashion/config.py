"""The recipe of the Fashion-MNIST models as typed values."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveInt

from yuragi.research.train.config import AutoencoderConfig, Fit, Section, read_sections

__all__ = ["ClassDenoiserConfig", "FashionRecipe", "read_fashion_recipe"]


class ClassDenoiserConfig(Fit):
    """Sizes of `diffusers.DiTTransformer2DModel`.

    `null` is the share of the pictures whose class is hidden in training, for guidance.
    """

    width: PositiveInt
    depth: PositiveInt
    heads: PositiveInt
    patch: PositiveInt
    null: Annotated[float, Field(ge=0, lt=1)]


class FashionRecipe(Section):
    """The whole recipe; `weak` is the sibling that autoguidance pushes away from."""

    autoencoder: AutoencoderConfig
    denoiser: ClassDenoiserConfig
    weak: ClassDenoiserConfig
    judge: Fit


def read_fashion_recipe(path: Path | None = None) -> FashionRecipe:
    """The recipe in a TOML file; without a path, the one used for the measured results.

    Raises:
        InputError: see `yuragi.research.train.config.read_sections`.
    """
    shipped = files("yuragi.research.train.fashion") / "fashion.toml"
    return read_sections(FashionRecipe, path if path is not None else shipped)
