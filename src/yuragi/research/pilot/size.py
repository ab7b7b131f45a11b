r"""The number of votes that a pilot needs, computed beforehand.

A vote is 1 for the arm, 0 for the baseline and 1/2 for a tie. If a share tau of the votes are ties
and there is no preference, the variance of a vote is sigma^2 = (1 - tau) / 4. Votes by one rater
have the correlation rho_r, and votes on one picture have the correlation rho_p. With n_r votes by
rater r, n_p votes on picture p and n votes in total, the variance of the mean is that of
independent votes times the design effect

    D = 1 + (sum_r n_r^2 / n - 1) rho_r + (sum_p n_p^2 / n - 1) rho_p

(Kish 1965, "Survey Sampling", section 5.4, for each of two crossed clusterings). Let
V = n / (sigma^2 D) be the information. The interval at the planned end has the half-width
c / sqrt(V), with the constant c of `yuragi.research.pilot.sequence`. The effect delta is therefore
found with probability 1 - beta at the planned end, or at an earlier look, if

    V >= ((c + z_{1 - beta}) / delta)^2

Each edit gets the smallest number of seeds for which this holds. V stays below a limit however
many seeds there are, so there may be no such number. In that case, more raters, more pictures or a
larger effect are needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from scipy.stats import norm

from yuragi.errors import InputError
from yuragi.research.pilot.plan import Draft, Size
from yuragi.research.pilot.sequence import Boundary, design_effect

__all__ = ["information", "planned"]


def information(draft: Draft, pictures: Mapping[str, str], seeds: int) -> float:
    """V for one pair of arms, after all raters have voted on this many seeds of every edit."""
    voting = draft.voting
    on_picture = [voting.raters * seeds * k for k in Counter(pictures.values()).values()]
    by_rater = [len(draft.edits) * seeds] * voting.raters
    effect = design_effect(by_rater, on_picture, voting.correlations)
    return sum(by_rater) / ((1 - voting.ties) / 4 * effect)


def planned(draft: Draft, pictures: Mapping[str, str]) -> Size:
    """The number of votes that a draft needs.

    Args:
        draft: the draft.
        pictures: the digest of the picture of each edit.

    Raises:
        InputError: no allowed number of seeds is enough to find the effect, or there are fewer
            than three pictures.
    """
    voting = draft.voting
    different = len(set(pictures.values()))
    if different < 3:
        reason = "the edits have too few different pictures"
        raise InputError("edit.image", different, "three different pictures or more", reason)
    level = voting.level / len(draft.challengers)
    needed = (_constant(draft) / voting.effect) ** 2
    seeds = next(
        (k for k in range(1, voting.most_seeds + 1) if information(draft, pictures, k) >= needed),
        None,
    )
    if seeds is None:
        least = _constant(draft) / information(draft, pictures, voting.most_seeds) ** 0.5
        reason = (
            f"{voting.raters} raters and {different} pictures find no effect below {least:.2f} "
            f"with {voting.most_seeds} seeds"
        )
        allowed = f"larger than {least:.2f}, unless there are more raters or pictures"
        raise InputError("voting.effect", voting.effect, allowed, reason)
    found = information(draft, pictures, seeds)
    each = len(draft.edits) * seeds
    return Size(
        seeds=seeds,
        votes=voting.raters * each,
        per_rater=each * len(draft.comparisons),
        level=level,
        information=round(found, 6),
        detectable=round(_constant(draft) / found**0.5, 6),
    )


def _constant(draft: Draft) -> float:
    """The constant c plus z_{1 - beta}."""
    level = draft.voting.level / len(draft.challengers)
    return Boundary.tightest(level, 1.0).half_width(1.0) + float(norm.ppf(draft.voting.power))
