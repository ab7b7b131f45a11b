"""Names, seeds and chunks come from the manifest's content alone."""

import pytest

from yuragi.batch.check import checked
from yuragi.batch.plan import Planner
from yuragi.models.opening import Opening
from yuragi.tasks.context import BATCH


def plan(manifest, seed=0, **opening):
    planner = Planner(seed, Opening(**{"device": "cpu", **opening}))
    assert checked(manifest, planner, lambda row: None) == []
    return planner.plan()


def sample(prompt="a person", **more):
    return {"kind": "sample", "prompt": prompt, "num_inference_steps": 3, **more}


def test_a_name_depends_on_the_request_and_not_on_its_neighbours(manifest):
    one, two = sample("red hair"), sample("blond hair")
    alone = plan(manifest(one)).rows[0]
    among = plan(manifest(two, one)).rows[1]
    assert (alone.name, alone.seed) == (among.name, among.seed)
    assert alone.name.startswith("sample-")
    assert plan(manifest(two)).rows[0].name != alone.name


def test_equal_rows_differ_by_their_seeds(manifest):
    first, second = plan(manifest(sample(), sample())).rows
    assert first.seed != second.seed
    assert first.name != second.name
    again = plan(manifest(sample(), sample(), sample())).rows
    assert [first.seed, second.seed] == [each.seed for each in again[:2]]


def test_rows_with_equal_seeds_share_a_result(manifest):
    found = plan(manifest(sample(seed=3), sample("other", seed=3), sample(seed=3)))
    assert found.rows[0].name == found.rows[2].name
    assert [len(chunk) for chunk in found.chunks] == [2]


def test_the_seed_of_the_batch_decides_only_where_a_row_gives_none(manifest):
    rows = manifest(sample(), sample(seed=3))
    one, other = plan(rows).rows, plan(rows, 1).rows
    assert one[0].seed != other[0].seed
    assert one[1] == other[1]


def test_seeds_are_the_same_in_every_precision(manifest):
    rows = manifest(sample(), sample())
    one, other = plan(rows).rows, plan(rows, dtype="bfloat16").rows
    assert [each.seed for each in one] == [each.seed for each in other]
    assert not {each.name for each in one} & {each.name for each in other}


@pytest.mark.parametrize(
    ("counts", "sizes"),
    [([1] * 20, [8, 8, 4]), ([5, 5, 3, 9, 1], [1, 2, 1, 1]), ([1] * 8, [8])],
)
def test_chunks_fill_device_batches(manifest, counts, sizes):
    assert BATCH == 8
    found = plan(manifest(*[sample(num_images=n, seed=k) for k, n in enumerate(counts)]))
    assert [len(chunk) for chunk in found.chunks] == sizes


def test_only_what_is_alike_shares_a_chunk(mixed):
    found = plan(mixed)
    rows = [[item.row for item in chunk] for chunk in found.chunks]
    assert rows == [[1, 3, 8, 9], [2, 4, 5], [6], [7]]
