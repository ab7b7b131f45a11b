from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from yuragi.errors import InputError
from yuragi.research.pilot import pairs
from yuragi.research.pilot.pairs import Blind, blind_of


def test_sides_are_balanced_and_orders_shuffled(small):
    plan, _, _ = small
    blind = Blind(plan, b"secret")
    one, two = blind.session("rater-1"), blind.session("rater-2")
    assert {each.pair for each in one} == {each.pair for each in two} == set(blind.pairs)
    assert [each.pair for each in one] != [each.pair for each in two]
    for arms in plan.draft.comparisons:
        left = Counter(each.left for each in one if each.pair.arms == arms)
        assert abs(left[arms[0]] - left[arms[1]]) <= 1
    assert {each.pair.name: each.left for each in one} != {e.pair.name: e.left for e in two}


def test_a_rater_who_comes_back_sees_the_same(small, tmp_path):
    plan, _, _ = small
    first, again = blind_of(plan, tmp_path), blind_of(plan, tmp_path)
    assert first.session("rater-1") == again.session("rater-1")
    assert first.token("rater-1") == again.token("rater-1")
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


def test_the_secret_is_there_with_all_its_bytes_or_not_at_all(small, tmp_path, monkeypatch):
    plan, _, _ = small

    def killed(handle):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pairs.os, "fsync", killed)
        with pytest.raises(KeyboardInterrupt):
            blind_of(plan, tmp_path)
    assert not (tmp_path / "secret").exists()
    assert len(blind_of(plan, tmp_path).secret) == 32
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


def test_processes_that_start_together_share_a_secret(small, tmp_path, monkeypatch):
    plan, _, _ = small
    everyone, link = Barrier(4), pairs.os.link

    def together(source, target):
        everyone.wait()
        link(source, target)

    monkeypatch.setattr(pairs.os, "link", together)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: blind_of(plan, tmp_path).secret, range(4)))
    assert set(found) == {(tmp_path / "secret").read_bytes()}


@pytest.mark.parametrize("held", [b"", b"x" * 31, b"x" * 33])
def test_a_secret_of_another_length_is_refused(small, tmp_path, held):
    plan, _, _ = small
    (tmp_path / "secret").write_bytes(held)
    with pytest.raises(InputError, match=rf"secret: the file has {len(held)} bytes .*/secret\)"):
        blind_of(plan, tmp_path)
    assert (tmp_path / "secret").read_bytes() == held


def test_pairs_and_sessions_are_made_once(small):
    blind = Blind(small[0], b"secret")
    assert blind.pairs is blind.pairs
    assert blind.session("rater-1") is blind.session("rater-1")


def test_without_the_secret_nothing_can_be_known(small):
    plan, _, _ = small
    one, two = Blind(plan, b"one"), Blind(plan, b"two")
    assert not {each.name for each in one.pairs} & {each.name for each in two.pairs}
    assert one.token("rater-1") not in (two.token("rater-1"), one.token("rater-2"))
    names = " ".join(each.name for each in one.pairs)
    assert not any(arm.name in names for arm in plan.draft.arms)
