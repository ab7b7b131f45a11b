"""Drawings with exact labels, captions in plain English, and splits that never meet."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yuragi.errors import InputError
from yuragi.research.train import cache, portraits
from yuragi.research.train.cache import cached, name_of
from yuragi.research.train.networks import LENGTH, UNKNOWN, build_tokenizer
from yuragi.research.train.portraits import (
    ATTRIBUTES,
    SIZE,
    Portrait,
    caption,
    draw,
    drawn_by,
    portrait,
    words,
)


def test_a_portrait_is_a_function_of_split_and_index():
    first, again = portrait("train", 3), portrait("train", 3)
    assert first == again
    assert np.array_equal(draw(first), draw(again))
    assert draw(first).shape == (SIZE, SIZE, 3)


def test_splits_share_no_seed():
    seeds = {
        portrait(split, k).options["seed"]
        for split in ("train", "validation", "benchmark")
        for k in range(20)
    }
    assert len(seeds) == 60


def test_labels_come_from_the_drawing():
    for k in range(30):
        labels = portrait("train", k).labels
        assert labels.keys() == ATTRIBUTES.keys()
        assert all(labels[name] in values for name, values in ATTRIBUTES.items())


def test_the_background_is_where_the_label_says():
    from yuragi.research.train.portraits import BACKGROUNDS

    for k in range(10):
        one = portrait("benchmark", k)
        colour = "".join(f"{v:02x}" for v in draw(one)[1, 1])
        assert BACKGROUNDS[colour] == one.labels["background"]


def test_changing_one_option_changes_nothing_else():
    one = portrait("benchmark", 4)
    other = Portrait(one.labels, one.options | {"mouthVariant": ["laugh"]})
    changed = (draw(one) != draw(other)).any(-1)
    assert 0 < changed.mean() < 0.05
    rows, columns = changed.nonzero()
    assert np.ptp(rows) < 20
    assert np.ptp(columns) < 30


@pytest.mark.parametrize(("split", "index"), [("test", 0), ("train", -1)])
def test_unknown_portraits_are_refused(split, index):
    with pytest.raises(InputError):
        portrait(split, index)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 500), st.integers(0, 2**32))
def test_captions_are_known_words_and_short_enough(index, seed):
    text = caption(portrait("train", index).labels, np.random.default_rng(seed), empty=0.0)
    tokens = TOKENIZER(text).input_ids
    assert len(tokens) <= LENGTH
    assert TOKENIZER.convert_tokens_to_ids(UNKNOWN) not in tokens
    assert "  " not in text


TOKENIZER = build_tokenizer()


def test_a_full_caption_names_everything():
    one = portrait("train", 5)
    text = caption(one.labels, np.random.default_rng(0), empty=0.0, named=1.0)
    for name, value in one.labels.items():
        assert name == "beard" or value in text
    assert text.startswith("a person with ")


def test_some_captions_are_empty():
    labels, rng = portrait("train", 0).labels, np.random.default_rng(0)
    share = sum(caption(labels, rng) == "" for _ in range(2000)) / 2000
    assert 0.10 < share < 0.15


def test_the_tokenizer_ignores_case_and_punctuation():
    plain = TOKENIZER("a person with red hair on a blue background").input_ids
    assert TOKENIZER("A person, with RED hair; on a blue background!").input_ids == plain
    assert UNKNOWN in TOKENIZER.convert_ids_to_tokens(TOKENIZER("a zebra").input_ids)
    assert len(TOKENIZER) == len(words()) + 3


def test_the_cache_is_drawn_once(tmp_path):
    told = []
    images, labels = cached("validation", 4, tmp_path, lambda *at: told.append(at))
    assert told[-1] == (4, 4)
    assert np.array_equal(images[2], draw(portrait("validation", 2)))
    assert labels[2] == portrait("validation", 2).labels
    told.clear()
    again, _ = cached("validation", 4, tmp_path, lambda *at: told.append(at))
    assert np.array_equal(again, images)
    assert not told


def test_a_process_that_dies_while_drawing_leaves_the_drawings_of_another(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "CHUNK", 2)
    cached("validation", 4, tmp_path)
    (labels,) = tmp_path.glob("*.json")
    late = labels.rename(tmp_path / "late")

    def die(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # it began before the labels were there
        cached("validation", 4, tmp_path, die)
    late.rename(labels)
    images, _ = cached("validation", 4, tmp_path, die)
    assert np.array_equal(images[3], draw(portrait("validation", 3)))
    assert sorted(tmp_path.iterdir()) == [labels, labels.with_suffix(".npy")]


def test_drawings_of_other_code_are_not_taken(monkeypatch):
    ours = name_of("train", 4, 64)
    monkeypatch.setattr(portraits, "DRAWING_VERSION", portraits.DRAWING_VERSION + 1)
    drawn_by.cache_clear()
    assert name_of("train", 4, 64) != ours
    monkeypatch.undo()
    drawn_by.cache_clear()
    assert name_of("train", 4, 64) == ours
