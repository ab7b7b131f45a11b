from collections import Counter

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


def test_without_the_secret_nothing_can_be_known(small):
    plan, _, _ = small
    one, two = Blind(plan, b"one"), Blind(plan, b"two")
    assert not {each.name for each in one.pairs} & {each.name for each in two.pairs}
    assert one.token("rater-1") not in (two.token("rater-1"), one.token("rater-2"))
    names = " ".join(each.name for each in one.pairs)
    assert not any(arm.name in names for arm in plan.draft.arms)
