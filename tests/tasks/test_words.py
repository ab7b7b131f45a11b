"""Words that the model does not know are named; a prompt of nothing else is refused."""

import pytest

from yuragi.errors import InputError, YuragiWarning
from yuragi.models.names import model_path
from yuragi.models.vocabulary import kinds_of

QUICK = {"num_inference_steps": 2, "seed": 0}


def test_unknown_words_stand_in_the_result_with_the_nearest_known_ones(tiny):
    said = "the prompt has words that the model does not know: blonde (perhaps blond), space"
    with pytest.warns(YuragiWarning, match="blonde"):
        result = tiny.sample("a person with blonde hair in space", **QUICK)
    assert result.warnings == [said]


def test_known_words_are_not_mentioned(tiny, recwarn):
    assert tiny.sample("a person, with Red hair", negative_prompt="hair", **QUICK).warnings == []
    assert not recwarn.list


def test_every_prompt_of_an_edit_counts(tiny, picture):
    with pytest.warns(YuragiWarning):
        result = tiny.translate(
            picture,
            source_prompt="a person in one",
            prompt="a person in two",
            negative_prompt="a three",
            **QUICK,
        )
    assert [line.split(" has words")[0] for line in result.warnings] == [
        "the source prompt",
        "the prompt",
        "the negative prompt",
    ]
    assert [line.split(": ")[1].split(" (")[0] for line in result.warnings] == [
        "one",
        "two",
        "three",
    ]


@pytest.mark.parametrize("argument", ["source_prompt", "prompt"])
def test_a_prompt_of_unknown_words_alone_is_refused(tiny, picture, argument):
    given = {"source_prompt": "red", "prompt": "blue", argument: "赤い髪の人"}
    with pytest.raises(InputError, match="knows none of these words") as refused:
        tiny.translate(picture, **given, **QUICK)
    assert refused.value.argument == argument


def test_a_negative_prompt_of_unknown_words_is_named_alone(tiny):
    with pytest.warns(YuragiWarning, match="the negative prompt has words .*: blurry"):
        made = tiny.sample("red hair", negative_prompt="blurry", **QUICK)
    assert "blurry" in made.warnings[0]


def test_it_is_refused_before_the_model_runs_for_any_request(tiny):
    steps = []
    with pytest.raises(InputError, match=r"^prompt: .*Katze.*yuragi models words"):
        tiny.sample(["red hair", "Katze"], on_progress=lambda *at: steps.append(at), **QUICK)
    assert steps == []


def test_the_refusal_names_words_that_are_near(tiny):
    with pytest.raises(InputError, match=r"\(perhaps blond, grey, angry\)"):
        tiny.sample("Blonde, gray", **QUICK)


def test_the_shipped_model_names_kinds_of_words_that_it_knows():
    from yuragi.models.names import load_model

    known = load_model("portraits").vocabulary.words
    kinds = kinds_of(model_path("portraits"))
    assert {"hair colour", "background"} <= kinds.keys()
    assert {word for kind in kinds.values() for each in kind for word in each.split()} <= {*known}
