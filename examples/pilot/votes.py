"""Cast simulated votes on the example, to show what a report looks like.

No person voted: a script prefers the picture with the larger sum of its automatic measures, with a
taste of its own for every rater and picture, and noise. The raters are marked as simulated in the
file of votes, and so in every place where the votes appear.

    python examples/pilot/votes.py examples/pilot/portraits.plan.json out/pilot/portraits
"""

import random
import sys
from pathlib import Path

from yuragi.research.pilot.pairs import blind_of
from yuragi.research.pilot.plan import read_plan
from yuragi.research.pilot.run import read_rows
from yuragi.research.pilot.votes import Vote, Votes

SEED, NOISE, TASTE, TIE, ENOUGH = 0, 0.15, 0.05, 0.05, 1.5
"""Of the utility: noise of a vote, taste of a rater and on a picture; what is a tie, and enough."""


def main(plan_file: str, folder: str) -> None:
    """Cast a vote of every simulated rater on every pair."""
    plan, place, rng = read_plan(Path(plan_file)), Path(folder), random.Random(SEED)
    quality = {row.key: sum(row.measures.values()) for row in read_rows(place)}
    arms = [arm.name for arm in plan.draft.arms]
    on_picture = {
        (edit.image, arm): rng.gauss(0, TASTE) for edit in plan.draft.edits for arm in arms
    }
    store, blind = Votes.of(place), blind_of(plan, place)
    raters = [f"simulated-{k}" for k in range(1, plan.draft.voting.raters + 1)]
    of_rater = {(rater, arm): rng.gauss(0, TASTE) for rater in raters for arm in arms}
    for rater in raters:
        store.add_rater(rater, simulated=True)
    # In the order of the plan, so that the same votes come of every secret.
    utility = {
        (rater, pair.name, arm): quality[pair.edit, pair.seed, arm]
        + of_rater[rater, arm]
        + on_picture[plan.draft.edit(pair.edit).image, arm]
        + rng.gauss(0, NOISE)
        for rater in raters
        for pair in blind.pairs
        for arm in pair.arms
    }
    for shown in zip(*(blind.session(rater) for rater in raters), strict=True):
        for rater, each in zip(raters, shown, strict=True):
            pair = each.pair
            left, right = (utility[rater, pair.name, arm] for arm in (each.left, each.right))
            better = "left" if left > right else "right"
            choice = "tie" if abs(left - right) < TIE else better
            names = pair.name, pair.edit, pair.seed, each.left, each.right, choice
            accepted = left > ENOUGH, right > ENOUGH
            store.cast(Vote(rater, *names, *accepted, plan.digest, simulated=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
