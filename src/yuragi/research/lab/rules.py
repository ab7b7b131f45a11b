"""The guidance rules that the laboratory compares, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from yuragi.core.denoiser import Denoiser
from yuragi.guidance.gain import Gain, plain
from yuragi.guidance.guided import Guided
from yuragi.guidance.lookahead import LookAhead
from yuragi.guidance.ratio import Ratio, SeparationGamma
from yuragi.guidance.rectified import RowSum, RowSumForward
from yuragi.guidance.weight import constant

__all__ = ["CANDIDATES", "GAMMAS", "RULES", "Rule"]

Rule: TypeAlias = Callable[[Denoiser, Denoiser, float], Denoiser]
"""`(strong, weak, weight) -> guided denoiser`; weight = guidance_scale - 1."""

GAMMAS = (0.0, 0.25, 0.5, 1.0)
FINE_GAMMAS = (0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0)


def _none(strong: Denoiser, weak: Denoiser, weight: float) -> Denoiser:
    return strong


def _guided(gain: Gain) -> Rule:
    def rule(strong: Denoiser, weak: Denoiser, weight: float) -> Denoiser:
        return Guided(strong, weak, constant(1 + weight), gain)

    return rule


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "none": _none,
        "cfg": _guided(plain),
        "reg": _guided(RowSum()),
        "reg_forward": _guided(RowSumForward()),
        "ratio": _guided(Ratio()),
        **{f"ratio_{gamma:g}": _guided(Ratio(gamma)) for gamma in GAMMAS},
        "ratio_auto": _guided(Ratio(SeparationGamma())),
        **{f"tangent_{gamma:g}": _guided(Ratio(gamma, reach=0.0)) for gamma in (0.0, 0.5, 1.0)},
        "lookahead": _guided(LookAhead(plain)),
        **{f"lookahead_{gamma:g}": _guided(LookAhead(Ratio(gamma - 1))) for gamma in (0.5, 1.0)},
    }
)
"""No guidance; guidance as published; REG by a reverse product and by a forward difference; the
ratio gain with its defaults, with other gammas, with gamma chosen from rho, and with slopes at a
point instead of along the push (`tangent_g`); look-ahead around plain guidance, and the look-ahead
form of the ratio gain (`lookahead_g`)."""

CANDIDATES: Mapping[str, Rule] = MappingProxyType(
    {
        **{name: RULES[name] for name in ("none", "cfg", "reg", "ratio_auto")},
        **{f"ratio_{gamma:g}": _guided(Ratio(gamma)) for gamma in FINE_GAMMAS},
    }
)
"""The candidates for the default gamma, and the rules that they are compared with."""
