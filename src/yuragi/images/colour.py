"""Colours of pictures whose files describe them by a profile other than sRGB."""

from __future__ import annotations

import io

from PIL import Image, ImageCms

__all__ = ["other_profile", "to_srgb", "unpacked"]


def other_profile(picture: Image.Image) -> str | None:
    """The name of the colour profile from which `to_srgb` converts; None if it converts nothing."""
    found = _conversion(picture)
    return None if found is None else found[0]


def to_srgb(picture: Image.Image) -> Image.Image:
    """The picture with its colours in sRGB; the same picture if they already are.

    Args:
        picture: as `unpacked` returns it. A profile that does not fit the picture's mode is
            ignored, as viewers do.
    """
    found = _conversion(picture)
    if found is None:
        return picture
    colours = _opaque(picture)
    converted = found[1].apply(colours)
    if colours is not picture:
        converted.putalpha(picture.getchannel("A"))
    return converted


def unpacked(picture: Image.Image) -> Image.Image:
    """The picture without a palette, and with an alpha channel if one colour is transparent."""
    clear = "transparency" in picture.info
    if picture.mode in ("P", "PA"):
        return picture.convert("RGBA" if clear or picture.mode == "PA" else "RGB")
    if clear and picture.mode in ("1", "L", "RGB"):
        return picture.convert("RGBA" if picture.mode == "RGB" else "LA")
    return picture


def _opaque(picture: Image.Image) -> Image.Image:
    """The picture without its alpha channel, if it has one."""
    clear = "A" in picture.getbands()
    return picture.convert(picture.mode.removesuffix("A")) if clear else picture


def _conversion(picture: Image.Image) -> tuple[str, ImageCms.ImageCmsTransform] | None:
    """The name of a picture's colour profile, and the conversion of its colours to sRGB.

    None without a profile, for sRGB, and for a profile that does not fit the picture's mode.
    """
    profile = _profile(picture)
    if profile is None:
        return None
    name = ImageCms.getProfileDescription(profile).strip()
    if "srgb" in name.lower():
        return None
    # One pixel is sufficient to tell the mode of the colours.
    mode = _opaque(unpacked(picture.crop((0, 0, 1, 1)))).mode
    try:
        found = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB")
    except ImageCms.PyCMSError:
        return None
    return name or "an unnamed profile", found


def _profile(picture: Image.Image) -> ImageCms.ImageCmsProfile | None:
    held = picture.info.get("icc_profile")
    if not held:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(held))
        ImageCms.getProfileDescription(profile)
    except (OSError, ImageCms.PyCMSError):
        return None
    return profile
