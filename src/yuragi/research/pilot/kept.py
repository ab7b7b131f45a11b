"""The plan and the pictures before the edits, which the folder of a pilot keeps for its page.

The page needs nothing outside this folder, so that a service can show it wherever the original
plan and pictures are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from yuragi.errors import InputError
from yuragi.images.read import open_picture, read_picture
from yuragi.research.pilot.plan import Plan, read_plan

__all__ = ["keep", "kept_picture", "kept_plan"]

PLAN, BEFORE = "plan.json", "before"


def keep(plan: Plan, sources: Mapping[str, Image.Image], folder: Path) -> None:
    """Store a plan and its pictures, without the metadata of their files.

    Args:
        plan: the plan.
        sources: its pictures and masks by digest; masks are not kept.
        folder: the folder of the pilot.
    """
    (folder / BEFORE).mkdir(parents=True, exist_ok=True)
    plan.write(folder / PLAN)
    requests = [request for arms in plan.requests.values() for request in arms.values()]
    for digest in {request["image"]["digest"] for request in requests}:
        part = _file(folder, digest).with_suffix(".part")
        with_pixels_only = sources[digest].copy()
        with_pixels_only.info.clear()
        with_pixels_only.save(part, "PNG")
        os.replace(part, _file(folder, digest))


def kept_plan(folder: Path) -> Plan:
    """The plan in the folder of a pilot.

    Raises:
        InputError: the folder has no plan.
    """
    if not (folder / PLAN).exists():
        allowed = "one in which `yuragi pilot run` has run"
        raise InputError("folder", str(folder), allowed, "the folder has no plan.json")
    return read_plan(folder / PLAN)


def kept_picture(folder: Path, digest: str) -> Image.Image:
    """A picture before its edit.

    Args:
        folder: the folder of the pilot.
        digest: the digest of the picture in the plan.
    """
    return read_picture(open_picture(_file(folder, digest), "picture", 10**9))


def _file(folder: Path, digest: str) -> Path:
    return folder / BEFORE / f"{digest}.png"
