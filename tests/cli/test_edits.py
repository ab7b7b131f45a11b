"""The edits by words on the command line: what they write, and how they refuse."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photo(tmp_path, picture):
    picture.save(tmp_path / "photo.png")
    mask = np.zeros((48, 64), np.uint8)
    mask[8:40, 8:56] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return tmp_path / "photo.png"


@pytest.fixture
def edit(cli, photo, pipeline_folder):
    def call(command, *arguments):
        shared = ["-o", "out.png", "--model", pipeline_folder, "--steps", 4, "--seed", 1]
        return cli(command, photo, *shared, *arguments)

    return call


WORDS = ["--source-prompt", "red hair", "--prompt", "black hair"]
COMMANDS = {
    "inpaint": ["inpaint", "--prompt", "red hair", "--mask", "mask.png"],
    "outpaint": ["inpaint", "--prompt", "red hair", "--expand", "8,0,8,4"],
    "resampled": ["inpaint", "--prompt", "red hair", "--mask", "mask.png", "--resample", 2],
    "sdedit": ["sdedit", "--prompt", "red hair", "--strength", 0.5],
    "translate": ["translate", *WORDS],
    "edit-friendly": ["translate", *WORDS, "--encoder", "independent", "--eta", 0.5],
    "ode": ["translate", *WORDS, "--sampler", "ode"],
    "rectified": ["translate", *WORDS, "--gain", "ratio", "--gamma", "auto", "--refresh", 2],
    "diffedit": ["diffedit", *WORDS, "--mask-samples", 2],
    "invert": ["invert", "--prompt", "red hair"],
}


@pytest.mark.filterwarnings("ignore:the reconstruction")
@pytest.mark.parametrize("case", COMMANDS)
def test_every_command_writes_a_picture_that_replays(edit, cli, case, photo):
    code, out, err = edit(*COMMANDS[case])
    assert (code, out) == (0, "out.png\n"), err
    assert "seed 1, " in err
    photo.unlink()  # the result carries its sources
    assert cli("replay", "out.png")[:2] == (0, "identical, bit for bit\n")


def test_candidates_are_numbered(edit, tmp_path):
    code, out, _ = edit("sdedit", "--prompt", "red", "-n", 2)
    assert (code, out.split()) == (0, ["out-0000.png", "out-0001.png"])
    first, second = (Image.open(tmp_path / name).tobytes() for name in out.split())
    assert first != second


def test_the_mask_of_diffedit_can_be_kept(edit, tmp_path):
    code, out, _ = edit("diffedit", *WORDS, "--mask-samples", 2, "--save-mask", "new/found.png")
    assert (code, out.split()) == (0, ["out.png", "new/found.png"])
    assert Image.open(tmp_path / "new" / "found.png").size == (64, 48)


@pytest.mark.filterwarnings("ignore:the reconstruction")
def test_an_inversion_says_how_well_it_went(edit):
    _, _, err = edit("invert", "--sampler", "ode")
    assert "reconstruction " in err
    assert "the codec alone" in err
    assert "distance from the path: " in err


BAD = {
    "nothing to fill": (["inpaint"], "--mask", "is missing"),
    "margins": (["inpaint", "--expand", "1,2"], "--expand", "1,2"),
    "words as margins": (["inpaint", "--expand", "a,b,c,d"], "--expand", "a,b,c,d"),
    "no mask file": (["inpaint", "--mask", "none.png"], "--mask", "none.png"),
    "strength": (["sdedit", "--prompt", "red", "--strength", 0], "--strength", "0"),
    "steps": (["sdedit", "--prompt", "red", "--strength", 0.1], "--steps", "4"),
    "eta": (["translate", *WORDS, "--eta", 1.6], "--eta", "1.6"),
    "eta of the ode": (["translate", *WORDS, "--sampler", "ode", "--eta", 1], "--eta", "1.0"),
    "solver": (["translate", *WORDS, "--solver", "heun"], "--solver", "heun"),
    "sampler": (["translate", *WORDS, "--sampler", "both"], "--sampler", "both"),
    "no source": (["translate", "--source-prompt", "", "--prompt", "red"], "--source-prompt", ""),
    "threshold": (["diffedit", *WORDS, "--mask-threshold", 2], "--mask-threshold", "2"),
    "mask onto the result": (["diffedit", *WORDS, "--save-mask", "out.png"], "--save-mask", ""),
    "onto the input": (["invert", "-o", "photo.png", "--overwrite"], "--output", "photo.png"),
    "gain": (["sdedit", "--prompt", "red", "--gain", "more"], "--gain", "more"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_nothing_is_written(edit, tmp_path, photo, case):
    arguments, option, given = BAD[case]
    before = sorted(path.name for path in tmp_path.iterdir())
    code, out, err = edit(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {option}")
    assert given in err
    assert err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before
