"""Which words tokenizers know: one token a word, byte pairs, and several of them."""

import json
from types import SimpleNamespace

import pytest
from tiny_pipelines import byte_tokenizer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from yuragi.errors import InputError
from yuragi.models.vocabulary import WORDS, Vocabulary, kinds_of, vocabulary_of
from yuragi.research.train.networks import build_tokenizer


def one_a_word(words):
    core = Tokenizer(models.WordLevel({w: k for k, w in enumerate(["<unk>", *words])}, "<unk>"))
    core.normalizer = normalizers.Lowercase()
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>")


def pieces():
    """Pieces of words without those of all scripts, as T5's."""
    scores = [("<unk>", -9.0), ("\u2581", -2.0), *((c, -3.0) for c in "abcdehinopr")]
    core = Tokenizer(models.Unigram(scores, unk_id=0, byte_fallback=False))
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    return PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>")


PORTRAITS = Vocabulary([build_tokenizer()])


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        ("", []),
        ("A person, with RED hair!", []),
        ("a t-shirt", []),
        ("a cat in space, a cat", ["cat", "space"]),
        ("Katze-Hund on red", ["Katze-Hund"]),
        ("schöne hair", ["schöne"]),
        ("schöne hair".replace("ö", "o\u0308"), ["scho\u0308ne"]),
        ("赤い髪の人", ["赤い髪の人"]),
        ("red hair、赤い髪", ["赤い髪"]),
        ("हिन्दी", ["हिन्दी"]),
        ("a person 🐱", ["🐱"]),
        ("... --- !?", []),
    ],
)
def test_words_are_split_as_the_tokenizer_splits_them(prompt, unknown):
    assert PORTRAITS.unknown(prompt) == unknown


@pytest.mark.parametrize("prompt", ["", "!?", "a cat", "red 赤い髪"])
def test_something_or_nothing_to_read(prompt):
    assert PORTRAITS.reads(prompt)


@pytest.mark.parametrize("prompt", ["Katze", "zwei Hunde!", "赤い髪の人", "🐱"])
def test_nothing_that_is_written_is_known(prompt):
    assert not PORTRAITS.reads(prompt)


def test_the_nearest_words():
    assert PORTRAITS.nearest("Gray")[0] == "grey"
    assert PORTRAITS.nearest("blonde") == ["blond"]
    assert PORTRAITS.nearest("zzz") == []


def test_the_words_of_a_closed_vocabulary():
    assert Vocabulary([one_a_word(["b", "a"])]).words == ["a", "b"]
    assert Vocabulary([one_a_word(["b"]), one_a_word(["a"])]).words == ["a", "b"]


@pytest.mark.parametrize("prompt", ["a cat", "schöne Katze", "赤い髪", "e\u0301", "🐱", "<end>"])
def test_bytes_spell_every_word(prompt):
    vocabulary = Vocabulary([byte_tokenizer()])
    assert vocabulary.words is None
    assert vocabulary.unknown(prompt) == []
    assert vocabulary.reads(prompt)


def test_pieces_do_not_spell_every_script():
    vocabulary = Vocabulary([pieces()])
    assert vocabulary.words is None
    assert vocabulary.unknown("a bird") == []
    assert vocabulary.unknown("a bird 赤い髪") == ["赤い髪"]
    assert not vocabulary.reads("赤い髪")
    assert vocabulary.nearest("赤い髪") == []


def test_a_word_counts_as_known_if_one_of_the_encoders_knows_it():
    both = Vocabulary([one_a_word(["cat"]), one_a_word(["dog"])])
    assert both.unknown("cat dog, bird") == ["bird"]
    assert Vocabulary([one_a_word(["cat"]), byte_tokenizer()]).unknown("bird") == []


def test_a_model_without_words_has_no_unknown_ones():
    assert (PORTRAITS.words is None, Vocabulary([]).words) == (False, None)
    assert Vocabulary([]).unknown("207") == []
    assert Vocabulary([]).reads("207")


def test_only_tokenizers_of_encoders_that_are_there_count(tiny):
    half = SimpleNamespace(components={"tokenizer": 1, "text_encoder": 2, "tokenizer_2": 3})
    assert vocabulary_of(half).tokenizers == [1]
    assert vocabulary_of(object()).tokenizers == []
    assert tiny.loaded.vocabulary.words == PORTRAITS.words


def test_kinds_lie_with_the_model(tmp_path):
    assert kinds_of(None) == kinds_of(tmp_path) == kinds_of(tmp_path / "model.safetensors") == {}
    (tmp_path / WORDS).write_text(json.dumps({"hair": ["red", "long"]}))
    assert kinds_of(tmp_path) == {"hair": ["red", "long"]}


@pytest.mark.parametrize("text", ["[]", "{", '{"hair": 3}', '{"hair": "red"}', '{"hair": [3]}'])
def test_damaged_kinds_are_named(tmp_path, text):
    (tmp_path / WORDS).write_text(text)
    with pytest.raises(InputError, match=rf"model must be JSON.*{WORDS}"):
        kinds_of(tmp_path)
