"""The training recipe as typed values, read from a TOML file."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError

from yuragi.errors import InputError

__all__ = [
    "AutoencoderConfig",
    "DataConfig",
    "DenoiserConfig",
    "Fit",
    "Recipe",
    "Section",
    "read_recipe",
    "read_sections",
]


class Section(BaseModel):
    """A part of a recipe, or a whole one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


S = TypeVar("S", bound=Section)


class DataConfig(Section):
    """The side of the portraits in pixels, and how many to draw for each split."""

    size: PositiveInt
    train: PositiveInt
    validation: PositiveInt


class Fit(Section):
    """The settings of every training loop: AdamW with warm-up and cosine decay, and an EMA.

    `steps` can be increased between two runs in the same folder; training then continues. `fall` is
    the number of steps at the end during which the learning rate falls to zero; without it, the
    rate falls from the end of the warm-up. A run that may be extended later should have a short
    fall: before the fall, the rate does not depend on `steps` (Haegele et al. 2024, arXiv
    2405.18392).
    """

    steps: PositiveInt
    batch: PositiveInt
    learning_rate: PositiveFloat
    warmup: PositiveInt
    ema: float
    seed: int
    fall: PositiveInt | None = None


class AutoencoderConfig(Fit):
    """Sizes of `diffusers.AutoencoderTiny` and the penalties of its training."""

    crop: PositiveInt
    latent_penalty: float
    latent_noise: float
    channels: PositiveInt
    latent_channels: PositiveInt
    encoder_blocks: tuple[int, ...]
    decoder_blocks: tuple[int, ...]

    @property
    def cell(self) -> int:
        """The side of a latent cell in pixels; every group of blocks except one doubles it."""
        return int(2 ** (len(self.encoder_blocks) - 1))


class Focus(Section):
    """A soft ellipse in the picture whose cells have a larger weight in the loss.

    Attributes:
        row: the row of its centre, as a share of the picture's height.
        column: the column of its centre, as a share of the picture's width.
        height: half of its height, as a share of the picture's height.
        width: half of its width, as a share of the picture's width.
        weight: the weight of its centre relative to cells outside all ellipses; at least 1.
    """

    row: float
    column: float
    height: PositiveFloat
    width: PositiveFloat
    weight: float = Field(ge=1)


class DenoiserConfig(Fit):
    """Sizes of `diffusers.UNet2DConditionModel` and of `transformers.CLIPTextModel`.

    `focus` lists parts of the picture with a larger weight in the loss; by default there are none.
    """

    focus: tuple[Focus, ...] = ()
    channels: tuple[int, int, int]
    text_width: PositiveInt
    text_layers: PositiveInt


class Recipe(Section):
    """The whole recipe."""

    data: DataConfig
    autoencoder: AutoencoderConfig
    decoder: Fit
    reader: Fit
    denoiser: DenoiserConfig
    judge: Fit

    @property
    def latent(self) -> tuple[int, int]:
        """The number of channels of a latent, and its side in cells."""
        return self.autoencoder.latent_channels, self.data.size // self.autoencoder.cell


def read_recipe(path: Path | None = None) -> Recipe:
    """The recipe in a TOML file; without a path, the one that made the shipped model.

    Raises:
        InputError: see `read_sections`.
    """
    shipped = files("yuragi.research.train") / "portraits.toml"
    return read_sections(Recipe, path if path is not None else shipped)


def read_sections(kind: type[S], source: Path | Traversable) -> S:
    """A recipe of a kind, from a TOML file.

    Raises:
        InputError: the file is missing, is not TOML, or a value is missing, unknown or out of
            range (the message names it).
    """
    try:
        return kind.model_validate(tomllib.loads(source.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("config", str(source), "a readable TOML file") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError("config", str(source), f"valid TOML ({error})") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise InputError("config", f"{source}: {name}", first["msg"].lower()) from error
