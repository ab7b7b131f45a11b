"""Conversion of requests of earlier versions to the current form.

Until noise version 2, `guidance` was one flat table: a rule and a gain by name, and the options of
all of them side by side. Edits and drags without `crop` worked on the whole picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["upgraded"]

_RULES = {
    "cfg": (),
    "linear": ("start",),
    "cosine": ("power",),
    "interval": ("interval",),
    "auto": ("weak_model",),
}
_GAINS = {
    "plain": ("stress",),
    "reg": ("refresh",),
    "reg_forward": ("refresh",),
    "ratio": ("gamma", "reach", "refresh", "stress"),
    "scheduled": ("table", "stress"),
}


_CROPPED = ("inpaint", "sdedit", "translate", "diffedit", "drag")


def upgraded(request: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a request to one with `guidance` as a rule and a gain, and with a `crop`."""
    if request.get("kind") in _CROPPED:
        request = {"crop": "off", **request}
    flat = request.get("guidance")
    if not isinstance(flat, Mapping) or not isinstance(flat.get("rule"), str):
        return dict(request)
    rule, gain = flat["rule"], flat.get("gain", "plain")

    def chosen(names: tuple[str, ...]) -> dict[str, Any]:
        return {name: flat[name] for name in names if flat.get(name) is not None}

    shares = {"shares": flat["steps"]} if flat.get("steps") is not None else {}
    guidance = {
        "rule": {"name": rule, **chosen(_RULES.get(rule, ())), **shares},
        "gain": {"name": gain, **chosen(_GAINS.get(gain, ()))},
        "channels": flat.get("channels"),
    }
    return {**request, "guidance": guidance}
