"""Colours of pictures whose files describe them by a profile other than sRGB."""

from __future__ import annotations

import io

from PIL import Image, ImageCms

__all__ = ["other_profile", "to_srgb", "unpacked"]


def other_profile(picture: Image.Image) -> str | None:
    """The name of the colour profile from which `to_srgb` converts; None if it converts nothing."""
    profile = _profile(picture)
    if profile is None:
        return None
    name = ImageCms.getProfileDescription(profile).strip()
    if "srgb" in name.lower() or _conversion(_opaque(unpacked(picture)), profile) is None:
        return None
    return name or "an unnamed profile"


def to_srgb(picture: Image.Image) -> Image.Image:
    """The picture with its colours in sRGB; the same picture if they already are.

    Args:
        picture: as `unpacked` returns it. A profile that does not fit the picture's mode is
            ignored, as viewers do.
    """
    profile = _profile(picture)
    if profile is None or other_profile(picture) is None:
        return picture
    colours = _opaque(picture)
    conversion = _conversion(colours, profile)
    assert conversion is not None  # `other_profile` would be None
    found = conversion.apply(colours)
    if colours is not picture:
        found.putalpha(picture.getchannel("A"))
    return found


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


def _conversion(
    picture: Image.Image, profile: ImageCms.ImageCmsProfile
) -> ImageCms.ImageCmsTransform | None:
    """The conversion of a picture from a profile to sRGB; None if the profile does not fit it."""
    srgb = ImageCms.createProfile("sRGB")
    try:
        return ImageCms.buildTransform(profile, srgb, picture.mode, "RGB")
    except ImageCms.PyCMSError:
        return None


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
