"""Words beyond what a text encoder reads are named, once."""

import logging
import re

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


@pytest.mark.parametrize(("name", "encoders", "limit"), LIMITS)
def test_words_beyond_the_limit_are_named(name, encoders, limit):
    model = yuragi.load(build(name)).loaded
    says = f"of its {limit + 2} tokens {encoders} can read {limit}, which leaves out 'red cat'"
    assert says in model.left_out("a " * (limit - 2) + "red cat")
    assert f" {encoders} can" not in model.left_out("a " * (limit - 2))


@pytest.mark.parametrize("name", ["sd1", "sdxl", "pixart", "pixart-sigma"])
def test_what_is_left_out_makes_no_difference(name):
    model = yuragi.load(build(name)).loaded
    prompt = "a dog " * 200 + "red cat"
    (limit,) = re.findall(r"can read (\d+)", model.left_out(prompt))
    read = " ".join(prompt.split()[: int(limit) - 2])
    assert model.left_out(read) == ""
    whole, short = model.bind([prompt]).condition, model.bind([read]).condition
    for key, value in whole.items():
        torch.testing.assert_close(value, short[key])


def test_the_result_says_it_once_and_diffusers_does_not_say_it_too():
    model = yuragi.load(build("sdxl"))
    log, heard = logging.getLogger("diffusers"), []
    handler = logging.Handler()
    handler.emit = heard.append
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        with pytest.warns(yuragi.YuragiWarning, match="the prompt is too long") as caught:
            result = model.sample("a red dog " * 10, num_images=2, num_inference_steps=1, seed=0)
        assert [str(each.message) for each in caught] == list(result.warnings)
        assert len(result.warnings) == 1
        assert heard == []
        assert log.level == logging.WARNING
    finally:
        log.setLevel(level)
        log.removeHandler(handler)


def test_a_word_of_several_vectors_is_several_tokens():
    pipeline = build("sd1")
    pipeline.load_textual_inversion(torch.randn(8, 32), token="<mine>")
    said = yuragi.load(pipeline).loaded.left_out("<mine> " + "a " * 7 + "red")
    assert said == "of its 18 tokens text_encoder can read 16, which leaves out 'a red'"


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
