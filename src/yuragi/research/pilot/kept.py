"""What the folder of a pilot keeps for its page: the plan, and the pictures before the edits.

With them the folder is all that the page needs, so that a service can show it wherever the plan and
its pictures lie.
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
    """Keep a plan and its pictures, without what their files carry beside pixels.

    Args:
        plan: the plan.
        sources: its pictures and masks by digest; masks are not kept.
        folder: the folder of the pilot.
    """
    (folder / BEFORE).mkdir(parents=True, exist_ok=True)
    plan.write(folder / PLAN)
    arm = plan.draft.arms[0].name
    for digest in {each[arm]["image"]["digest"] for each in plan.requests.values()}:
        part = _file(folder, digest).with_suffix(".part")
        with_pixels_only = sources[digest].copy()
        with_pixels_only.info.clear()
        with_pixels_only.save(part, "PNG")
        os.replace(part, _file(folder, digest))


def kept_plan(folder: Path) -> Plan:
    """The plan in the folder of a pilot.

    Raises:
        InputError: there is none.
    """
    if not (folder / PLAN).exists():
        allowed = "one in which `yuragi pilot run` has run"
        raise InputError("folder", str(folder), allowed, "the folder has no plan.json")
    return read_plan(folder / PLAN)


def kept_picture(folder: Path, digest: str) -> Image.Image:
    """A picture before its edit.

    Args:
        folder: the folder of the pilot.
        digest: what the plan says of the picture.
    """
    return read_picture(open_picture(_file(folder, digest), "picture", 10**9))


def _file(folder: Path, digest: str) -> Path:
    return folder / BEFORE / f"{digest}.png"
