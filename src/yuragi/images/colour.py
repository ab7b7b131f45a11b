"""Colours of pictures whose files describe them by a profile other than sRGB."""

from __future__ import annotations

import io

from PIL import Image, ImageCms

__all__ = ["other_profile", "to_srgb"]


def other_profile(picture: Image.Image) -> str | None:
    """The name of a picture's colour profile; None without one, for sRGB, and for a damaged one."""
    profile = _profile(picture)
    if profile is None:
        return None
    name = ImageCms.getProfileDescription(profile).strip()
    return None if "srgb" in name.lower() else name or "an unnamed profile"


def to_srgb(picture: Image.Image) -> Image.Image:
    """The picture with its colours in sRGB; the same picture if they already are.

    Args:
        picture: as read from its file, in RGB, RGBA, CMYK or grey. A profile that does not fit the
            picture's mode is ignored, as viewers do.
    """
    profile = _profile(picture)
    if profile is None or other_profile(picture) is None:
        return picture
    alpha = picture.getchannel("A") if "A" in picture.getbands() else None
    colours = picture.convert(picture.mode.removesuffix("A")) if alpha is not None else picture
    try:
        srgb = ImageCms.createProfile("sRGB")
        found = ImageCms.profileToProfile(colours, profile, srgb, outputMode="RGB")
    except ImageCms.PyCMSError:
        return picture
    assert found is not None  # it is None only when it works in place
    if alpha is not None:
        found.putalpha(alpha)
    return found


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
