"""`yuragi models words`, and what is said about the words of a prompt."""

import json

import pytest
from tiny_pipelines import build, byte_tokenizer

from yuragi.models.vocabulary import WORDS

QUICK = ["-o", "out.png", "--steps", 2, "--seed", 0, "--overwrite", "-q"]


def test_the_shipped_model_lists_words_by_kind(cli):
    code, out, _ = cli("models", "words", "portraits")
    kinds = dict(line.split(": ") for line in out.splitlines())
    assert code == 0
    assert kinds["hair colour"] == "black, blond, brown, red, golden"
    assert "light blue" in kinds["background"].split(", ")
    assert "person" in kinds["other words"].split(", ")
    assert "red" not in kinds["other words"].split(", ")
    _, out, _ = cli("models", "words", "portraits", "--json")
    told = json.loads(out)
    assert told["kinds"]["hair colour"] == kinds["hair colour"].split(", ")
    assert {"person", "red", "blue"} < set(told["words"])


def test_a_model_without_kinds_lists_words_plainly(cli, tmp_path):
    build("sd1").save_pretrained(tmp_path / "sd1")
    words = ["a", "blue", "cat", "dog", "person", "red", "x"]
    assert cli("models", "words", "sd1")[1].split("\n")[:-1] == words
    (tmp_path / "sd1" / WORDS).write_text(json.dumps({"animal": ["cat", "dog"]}))
    lines = ["animal: cat, dog", "other words: a, blue, person, red, x"]
    assert cli("models", "words", "sd1")[1].splitlines() == lines


def test_an_open_vocabulary_is_one_line(cli, tmp_path):
    pipeline = build("sd1")
    pipeline.register_modules(tokenizer=byte_tokenizer())
    pipeline.save_pretrained(tmp_path / "open")
    _, out, _ = cli("models", "words", "open")
    assert out == "the vocabulary is open: the model can be told every word\n"
    _, out, _ = cli("models", "words", "open", "--json")
    assert json.loads(out) == {"words": None, "kinds": {}}


@pytest.mark.parametrize(
    ("family", "line"),
    [
        ("dit", "a prompt is not words but a class: 0 to 999, or its name if it has one"),
        ("pixels", "the model knows no words, and takes no prompt"),
    ],
)
def test_models_that_are_not_told_words(cli, tmp_path, family, line):
    build(family).save_pretrained(tmp_path / family)
    assert cli("models", "words", family)[1] == line + "\n"


def test_unknown_words_are_one_line_and_in_the_json(cli, pipeline_folder):
    asked = ["sample", "--prompt", "a cat, blonde hair", "--model", pipeline_folder, *QUICK]
    said = "the prompt has words that the model does not know: cat, blonde (perhaps blond)"
    code, out, err = cli(*asked, "--json")
    assert code == 0
    assert err.splitlines() == [f"warning: {said}"]
    assert json.loads(out)["warnings"] == [said]


@pytest.mark.parametrize("prompt", ["Katze", "赤い髪の人"])
def test_nothing_but_unknown_words_is_a_mistake(cli, pipeline_folder, tmp_path, prompt):
    code, out, err = cli("sample", "--prompt", prompt, "--model", pipeline_folder, *QUICK)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: --prompt: the model knows none of these words ({prompt}); ")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
