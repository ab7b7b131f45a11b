"""Nothing is dropped in silence: a line on the error stream, and the same words in the result."""

import json

import numpy as np
import pytest
from PIL import Image

QUICK = ["-o", "out.png", "--steps", 4, "--seed", 1, "--overwrite", "-q", "--json"]


@pytest.fixture
def edit(cli, pipeline_folder):
    """Run a command on the small model: (warnings in the JSON, warnings on the error stream)."""

    def call(*arguments):
        code, out, err = cli(*arguments, "--model", pipeline_folder, *QUICK)
        assert code == 0, err
        said = [line for line in err.splitlines() if line.startswith("warning: ")]
        return json.loads(out)["warnings"], [line.removeprefix("warning: ") for line in said]

    return call


def test_what_pictures_lose(edit, cli, picture, tmp_path):
    mask = picture.convert("RGBA")
    mask.putalpha(Image.new("L", picture.size, 255))
    mask.putpixel((0, 0), (255, 255, 255, 0))
    mask.paste((255, 255, 0, 255), (10, 10, 50, 40))
    mask.save(tmp_path / "mask.png")
    picture.save(tmp_path / "face.gif", save_all=True, append_images=[picture.rotate(9)])
    kept, said = edit("inpaint", "face.gif", "--mask", "mask.png", "--prompt", "red hair")
    assert kept == said
    words = ("face.gif has 2 frames", "mask.png is transparent", "mask.png has colours")
    assert [line.startswith(word) for line, word in zip(kept, words, strict=True)] == [True] * 3
    code, out, _ = cli("replay", "out.png")
    assert (code, out) == (0, "identical, bit for bit\n")


LINEAR = ("--guidance", "linear", "--start", 5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--prompt", "red hair"], []),
        (["--prompt", "", "--scale", 1], []),
        (["--prompt", ""], []),
        (["--prompt", "", "--scale", 5], ["the guidance scale is not used: there is no prompt"]),
        (
            ["--prompt", "red", "--negative-prompt", "blue", "--scale", 1],
            ["the negative prompt is not used: guidance is off"],
        ),
        # It rises to 1 from another scale, so there is guidance.
        (
            [
                "--prompt",
                "red",
                "--negative-prompt",
                "blue",
                "--scale",
                "1",
                "--guidance",
                "linear",
                "--start",
                "5",
            ],
            [],
        ),
    ],
)
def test_options_that_have_no_effect(edit, arguments, words):
    kept, said = edit("sample", *arguments)
    assert kept == said
    assert [line[: len(word)] for line, word in zip(kept, words, strict=True)] == words


def test_a_drag_that_changes_nothing(edit, picture, tmp_path):
    Image.fromarray(np.full((48, 64, 3), 99, np.uint8)).save(tmp_path / "flat.png")
    mask = np.zeros((48, 64), np.uint8)
    mask[22, 38] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    settings = ["--mask", "mask.png", "--point", "26,22:38,22", "--preset", "warp"]
    kept, said = edit("drag", "flat.png", *settings)
    assert kept == said
    assert kept[-1] == "the drag changed nothing: the result is the picture that was given"


def test_a_stored_drag_without_a_prompt_says_nothing_of_the_preset(tiny, picture):
    """In JSON all options are named; those of the preset were not asked for."""
    from yuragi.tasks.build import build
    from yuragi.tasks.drag import DragRequest
    from yuragi.tasks.tasks import parse_request

    given = {"model": str(tiny.loaded.path), "image": picture, "points": [((26, 22), (38, 22))]}
    for more, count in (({}, 0), ({"preset": "paper"}, 0), ({"guidance_scale": 7.5}, 1)):
        request, _ = build(DragRequest, given | more)
        stored = parse_request(request.model_dump_json())
        assert len(stored.unused(tiny.loaded)) == count, more
