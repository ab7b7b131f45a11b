"""Words beyond what a text encoder reads are named, once."""

import logging
import re
import warnings

import pytest
import torch
from tiny_pipelines import build

import yuragi

LIMITS = [
    ("sd1", "text_encoder", 16),
    ("sdxl", "text_encoder and text_encoder_2", 16),
    ("sd3", "text_encoder and text_encoder_2", 16),
    ("sd3", "text_encoder_3", 256),
    ("flux", "text_encoder", 16),
    ("flux", "text_encoder_2", 512),
    ("pixart", "text_encoder", 120),
    ("pixart-sigma", "text_encoder", 300),
]
"""Family, encoders, tokens that diffusers' pipeline gives them; two begin and end the text."""


def told(model, prompts):
    """The condition under prompts, and what is warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        condition = model.bind(prompts).condition
    return condition, [str(each.message) for each in caught]


@pytest.mark.parametrize(("name", "encoders", "limit"), LIMITS)
def test_words_beyond_the_limit_are_named(name, encoders, limit):
    model = yuragi.load(build(name)).loaded
    says = f"of its {limit + 2} tokens {encoders} can read {limit}, which leaves out 'red cat'"
    _, said = told(model, ["a " * (limit - 2) + "red cat"])
    assert len(said) == 1
    assert said[0].startswith("the prompt is too long: ")
    assert says in said[0]
    _, said = told(model, ["a " * (limit - 2)])
    assert not any(f" {encoders} can" in each for each in said)


@pytest.mark.parametrize("name", ["sd1", "sdxl", "pixart", "pixart-sigma"])
def test_what_is_left_out_makes_no_difference(name):
    model = yuragi.load(build(name)).loaded
    prompt = "a dog " * 200 + "red cat"
    whole, (said,) = told(model, [prompt])
    (limit,) = re.findall(r"can read (\d+)", said)
    short, nothing = told(model, [" ".join(prompt.split()[: int(limit) - 2])])
    assert nothing == []
    for key, value in whole.items():
        torch.testing.assert_close(value, short[key])


def test_it_is_said_once_and_not_by_diffusers_too():
    model = yuragi.load(build("sdxl")).loaded
    log, heard = logging.getLogger("diffusers"), []
    handler = logging.Handler()
    handler.emit = heard.append
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        long = "a red dog " * 10
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            for prompts in ([long, long], [long], ["a cat"]):
                model.bind(prompts)
        assert len(caught) == 1
        assert heard == []
        assert log.level == logging.WARNING
    finally:
        log.setLevel(level)
        log.removeHandler(handler)


def test_a_word_of_several_vectors_is_several_tokens():
    pipeline = build("sd1")
    pipeline.load_textual_inversion(torch.randn(8, 32), token="<mine>")
    _, (said,) = told(yuragi.load(pipeline).loaded, ["<mine> " + "a " * 7 + "red"])
    assert "of its 18 tokens text_encoder can read 16, which leaves out 'a red'" in said


@pytest.mark.filterwarnings("default:the prompt is too long")
def test_the_command_line_says_it_in_one_line(cli, tmp_path):
    build("sd1").save_pretrained(tmp_path / "sd1")
    prompt = "a " * 14 + "red cat"
    code, _, err = cli(
        "sample",
        "--prompt",
        prompt,
        "--model",
        tmp_path / "sd1",
        "--number",
        2,
        "--steps",
        1,
        "-o",
        "o",
    )
    assert code == 0
    said = [line for line in err.splitlines() if "leaves out" in line]
    assert said == [
        "warning: the prompt is too long: of its 18 tokens text_encoder can read 16, "
        "which leaves out 'red cat'"
    ]
