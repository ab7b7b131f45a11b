"""Settings that suit a model, stored in a file in its folder as options by task.

    {"sample": {"num_inference_steps": 20, "guidance_scale": 3.0, "solver": "dpm++2m"}}

This module reads the file; `yuragi.tasks.defaults` knows which options there are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yuragi.errors import InputError

__all__ = ["DEFAULTS", "defaults_in"]

DEFAULTS = "defaults.json"
"""The file in a model's folder with the settings that suit it."""


def defaults_in(folder: Path | None) -> Mapping[str, Mapping[str, Any]]:
    """The settings of a model's folder by task; empty without a file.

    Raises:
        InputError: the file is not a JSON object of objects.
    """
    file = (folder or Path()) / DEFAULTS
    if folder is None or not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("model", str(file), f"valid JSON ({error})") from error
    for task, settings in found.items() if isinstance(found, dict) else [("the file", found)]:
        if not isinstance(settings, dict):
            allowed = 'an object of options by task, such as {"sample": {"guidance_scale": 3.0}}'
            raise InputError(f"{file}: {task}", settings, allowed)
    return dict(found)
