"""Portraits for training: DiceBear `toon-head` drawings with exact labels and captions.

A portrait is a function of (split, index): the same pair gives the same drawing on every machine.
The drawing is "ToonHead" by Johan Melin (CC BY 4.0), remixed by DiceBear; see the model card.

Splits never share a seed:

- ``train``       what the networks see,
- ``validation``  losses and PSNR while developing,
- ``benchmark``   reported numbers and shipped example pictures; no training run reads it.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from yuragi.errors import InputError, missing_extra

if TYPE_CHECKING:
    from dicebear import Style
    from numpy.typing import NDArray

__all__ = [
    "ATTRIBUTES",
    "BACKGROUNDS",
    "HEADS",
    "SIZE",
    "Labels",
    "Split",
    "avatar",
    "caption",
    "draw",
    "drawn_by",
    "portrait",
    "rastered",
    "svg",
    "words",
]

DRAWING_VERSION = 1
"""Version of the drawings that `portrait` and `draw` make; it increases when this code changes
them."""
SIZE = 256
Split = Literal["train", "validation", "benchmark"]
Labels = dict[str, str]
HEADS = "toon-head"
"""The style of the portraits."""

HAIR_COLOURS = {
    "2c1b18": "black",
    "d6b370": "blond",
    "724133": "brown",
    "a55728": "red",
    "b58143": "golden",
}
SKIN = {
    "5c3829": "dark",
    "a36b4f": "brown",
    "b98e6a": "olive",
    "c68e7a": "rosy",
    "f1c3a5": "light",
}
CLOTHES_COLOURS = {
    "151613": "black",
    "0b3286": "blue",
    "545454": "grey",
    "147f3c": "green",
    "f97316": "orange",
    "ec4899": "pink",
    "731ac3": "purple",
    "b11f1f": "red",
    "e8e9e6": "white",
    "eab308": "yellow",
}
BACKGROUNDS = {
    "b6e3f4": "light blue",
    "2f6fb7": "blue",
    "c0aede": "lavender",
    "ffd5dc": "light pink",
    "fff0b3": "cream",
    "bfe8c8": "mint",
    "1f8a70": "teal",
    "ffffff": "white",
    "b8b8b8": "grey",
    "3a3a4a": "dark",
}
LENGTH = {
    "none": "short",
    "neckHigh": "neck length",
    "shoulderHigh": "shoulder length",
    "longStraight": "long straight",
    "longWavy": "long wavy",
}
STYLE = {
    "bun": "in a bun",
    "sideComed": "combed to the side",
    "spiky": "in spikes",
    "undercut": "with an undercut",
}
BEARD = {
    "none": "no beard",
    "chin": "a chin beard",
    "chinMoustache": "a goatee",
    "fullBeard": "a full beard",
    "longBeard": "a long beard",
    "moustacheTwirl": "a moustache",
}
EYES = {
    "bow": "squeezed eyes",
    "happy": "happy eyes",
    "humble": "closed eyes",
    "wide": "wide eyes",
    "wink": "winking eyes",
}
EYEBROWS = {
    "angry": "angry eyebrows",
    "happy": "happy eyebrows",
    "neutral": "neutral eyebrows",
    "raised": "raised eyebrows",
    "sad": "sad eyebrows",
}
MOUTH = {
    "agape": "a gaping mouth",
    "angry": "an angry mouth",
    "laugh": "a laughing mouth",
    "sad": "a sad mouth",
    "smile": "a smiling mouth",
}
CLOTHES = {
    "dress": "dress",
    "openJacket": "open jacket",
    "shirt": "shirt",
    "tShirt": "t-shirt",
    "turtleNeck": "turtleneck",
}

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "hair_colour": tuple(HAIR_COLOURS.values()),
    "hair_length": tuple(LENGTH.values()),
    "hair_style": tuple(STYLE.values()),
    "skin": tuple(SKIN.values()),
    "beard": tuple(BEARD.values()),
    "eyes": tuple(EYES.values()),
    "eyebrows": tuple(EYEBROWS.values()),
    "mouth": tuple(MOUTH.values()),
    "clothes": tuple(CLOTHES.values()),
    "clothes_colour": tuple(CLOTHES_COLOURS.values()),
    "background": tuple(BACKGROUNDS.values()),
}
"""Every label of a portrait with its possible values, in plain English."""


@dataclass(frozen=True)
class Portrait:
    """One portrait before it is drawn.

    Attributes:
        labels: a value of `ATTRIBUTES` for each of its keys.
        options: DiceBear options with every choice pinned, so that a copy with one option changed
            can be drawn too.
    """

    labels: Labels
    options: dict[str, Any]


@cache
def _style(name: str) -> Style:
    """A DiceBear style; missing packages are reported here, before they are used."""
    try:
        import resvg_py  # noqa: F401
        from dicebear import Style
    except ImportError as error:
        raise missing_extra("drawing portraits", "train") from error
    return Style(json.loads((files("dicebear_styles") / f"{name}.json").read_text("utf-8")))


@cache
def drawn_by() -> str:
    """A digest of what decides a drawing besides its split, index and size.

    Raises:
        MissingExtraError: the extra ``train`` is not installed.
    """
    # The packages are not imported, because that takes longer than to read a cache.
    try:
        packages = [version(name) for name in ("dicebear-core", "resvg-py")]
        style = (files("dicebear_styles") / f"{HEADS}.json").read_bytes()
    except ImportError as error:
        raise missing_extra("drawing portraits", "train") from error
    told = json.dumps([DRAWING_VERSION, *packages]).encode() + style
    return hashlib.blake2b(told, digest_size=6).hexdigest()


def _one(value: Any) -> str:
    """The only entry of a resolved colour option, without '#'."""
    return str(value[0]).removeprefix("#").lower()


def portrait(split: Split, index: int) -> Portrait:
    """The portrait with number `index` of a split: its labels and the options to draw it with.

    Position, tilt and size vary: translation up to 12 % sideways and 14 % down, rotation up to 12
    degrees, scale 0.8 to 1.

    Raises:
        InputError: unknown split or negative index.
    """
    if split not in get_args(Split):
        raise InputError("split", split, "one of " + ", ".join(get_args(Split)))
    if index < 0:
        raise InputError("index", index, "0 or more")
    style = _style(HEADS)
    from dicebear import Avatar

    rng = np.random.default_rng([get_args(Split).index(split), index])
    scale = float(rng.uniform(0.8, 1.0))
    chosen = {
        "seed": f"yuragi-{split}-{index}",
        "backgroundColor": [str(rng.choice(list(BACKGROUNDS)))],
        "scale": round(scale, 3),
        "rotate": round(float(rng.uniform(-12, 12)), 1),
        "translateX": round(float(rng.uniform(-12, 12)), 1),
        # A smaller bust is moved down, so that it stands on the lower edge more often than not.
        "translateY": round(float(rng.uniform(-5, 8) + 30 * (1 - scale)), 1),
    }
    options = Avatar(style, chosen).to_json()["options"]
    labels = {
        "hair_colour": HAIR_COLOURS[_one(options["hairColor"])],
        "hair_length": LENGTH[options.get("rearHairVariant", "none")],
        "hair_style": STYLE[options["hairVariant"]],
        "skin": SKIN[_one(options["skinColor"])],
        "beard": BEARD[options.get("beardVariant", "none")],
        "eyes": EYES[options["eyesVariant"]],
        "eyebrows": EYEBROWS[options["eyebrowsVariant"]],
        "mouth": MOUTH[options["mouthVariant"]],
        "clothes": CLOTHES[options["clothesVariant"]],
        "clothes_colour": CLOTHES_COLOURS[_one(options["clothesColor"])],
        "background": BACKGROUNDS[_one(options["backgroundColor"])],
    }
    # All choices are pinned, so that changing one option later does not change any other.
    pinned = {k: v for k, v in options.items() if k.endswith(("Variant", "Color"))}
    absent = {f"{c}Probability": 0 for c in ("rearHair", "beard") if f"{c}Variant" not in options}
    return Portrait(labels, chosen | pinned | absent)


def svg(portrait: Portrait) -> str:
    """The drawing of a portrait, as SVG."""
    return avatar(HEADS, portrait.options)


def avatar(style: str, options: dict[str, Any]) -> str:
    """A drawing in a DiceBear style, as SVG."""
    chosen = _style(style)
    from dicebear import Avatar

    return str(Avatar(chosen, options).to_json()["svg"])


def draw(portrait: Portrait, size: int = SIZE) -> NDArray[np.uint8]:
    """The picture of a portrait: uint8 RGB of shape (size, size, 3)."""
    return rastered(svg(portrait), size)


def rastered(text: str, size: int) -> NDArray[np.uint8]:
    """The picture of an SVG drawing: uint8 RGB of shape (size, size, 3)."""
    import resvg_py
    from PIL import Image

    png = bytes(resvg_py.svg_to_bytes(svg_string=text, width=size, height=size))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def _article(noun: str) -> str:
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def caption(
    labels: Labels, rng: np.random.Generator, empty: float = 0.12, named: float = 0.8
) -> str:
    """A caption of a portrait in plain English.

    It names each label with probability `named`; the labels and their order are drawn from `rng`.
    With probability `empty`, it is the empty string, so that one network also learns the
    unconditional distribution (classifier-free guidance).
    """
    if rng.random() < empty:
        return ""
    keep = {name: rng.random() < named for name in labels}
    hair = [labels["hair_length"]] * keep["hair_length"]
    hair += [labels["hair_colour"]] * keep["hair_colour"]
    style = [labels["hair_style"]] * keep["hair_style"]
    parts = [" ".join([*hair, "hair", *style])] if hair or style else []
    parts += [f"{labels['skin']} skin"] * keep["skin"]
    parts += [labels[name] for name in ("eyes", "eyebrows", "mouth") if keep[name]]
    if keep["beard"] and (labels["beard"] != "no beard" or rng.random() < 0.3):
        parts.append(labels["beard"])
    clothes = [labels["clothes_colour"]] * keep["clothes_colour"]
    clothes += [labels["clothes"] if keep["clothes"] else "clothes"]
    if keep["clothes"] or keep["clothes_colour"]:
        noun = " ".join(clothes)
        parts.append(noun if not keep["clothes"] else _article(noun))
    rng.shuffle(parts)
    text = "a person" + (" with " + ", ".join(parts) if parts else "")
    if keep["background"]:
        text += f", on {_article(labels['background'])} background"
    return text


def words() -> list[str]:
    """Every word that a caption can contain, sorted: the tokenizer's vocabulary."""
    values = [value for options in ATTRIBUTES.values() for value in options]
    fixed = "a an person with hair skin clothes on background"
    return sorted({word for text in [*values, fixed] for word in text.split()})
