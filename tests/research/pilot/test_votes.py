import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from yuragi.errors import InputError
from yuragi.research.pilot.votes import Vote, Votes

VOTE = Vote("rater-1", "p1", "edit", 0, "ode", "sde", "left", True, False, "digest", False)


@pytest.fixture
def store(tmp_path):
    made = Votes.of(tmp_path)
    made.add_rater("rater-1", simulated=False)
    return made


def test_the_same_vote_again_changes_nothing(store):
    store.cast(VOTE)
    before = store.all()
    store.cast(VOTE)
    assert store.all() == before
    assert replace(before[0], cast_at="") == VOTE


def test_another_vote_corrects_it_and_keeps_its_place(store):
    store.cast(VOTE)
    store.cast(replace(VOTE, pair="p2"))
    store.cast(replace(VOTE, choice="tie", right_accepted=True))
    assert [(vote.pair, vote.choice) for vote in store.all()] == [("p1", "tie"), ("p2", "left")]


def test_scores(store):
    assert [replace(VOTE, choice=c).score("sde") for c in ("left", "tie", "right")] == [0, 0.5, 1]
    assert [VOTE.accepted(arm) for arm in ("ode", "sde")] == [True, False]


def test_a_rater_stays_what_he_is(store):
    store.add_rater("simulated-1", simulated=True)
    store.cast(replace(VOTE, rater="simulated-1"))
    assert store.all()[0].simulated  # whatever the vote says
    with pytest.raises(InputError, match="the rater of this name is simulated"):
        store.add_rater("simulated-1", simulated=False)
    with pytest.raises(InputError, match="the rater of this name is a person"):
        store.add_rater("rater-1", simulated=True)


def test_votes_at_the_same_time_are_all_kept(store):
    def cast(k):
        store.cast(replace(VOTE, pair=f"p{k % 20}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(cast, range(60)))
    assert sorted(vote.pair for vote in store.all()) == sorted(f"p{k}" for k in range(20))


def test_a_vote_survives_a_process_that_is_killed(store, tmp_path):
    script = (
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from yuragi.research.pilot.votes import Vote, Votes\n"
        "store = Votes.of(Path(sys.argv[1]))\n"
        f"vote = {VOTE!r}\n"
        "for k in range(10_000):\n"
        "    store.cast(replace(vote, pair=f'k{k}')); print(k, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    told = [process.stdout.readline() for _ in range(5)]
    os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read().splitlines(keepends=True)
    process.wait()
    whole = [line for line in told + rest if line.endswith("\n")]
    kept = {vote.pair for vote in store.all()}
    assert {f"k{int(line)}" for line in whole} <= kept


def test_the_table_says_which_votes_are_simulated(store, tmp_path):
    store.add_rater("simulated-1", simulated=True)
    store.cast(VOTE)
    store.cast(replace(VOTE, rater="simulated-1"))
    store.write_csv(tmp_path / "votes.csv")
    head, *lines = (tmp_path / "votes.csv").read_text().splitlines()
    column = head.split(",").index("simulated")
    assert [line.split(",")[column] for line in lines] == ["False", "True"]
