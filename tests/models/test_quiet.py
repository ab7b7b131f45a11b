"""Loading says nothing, changes nothing in the libraries, and does not hide what is wrong."""

import logging
import shutil
import subprocess
import sys

import pytest
from diffusers.utils import logging as of_diffusers
from safetensors.torch import load_file, save_file
from transformers.utils import logging as of_transformers

import yuragi
from yuragi.errors import InputError
from yuragi.models.quiet import quiet


def test_loading_prints_nothing():
    """In a process of its own: some messages come once, when a library is imported."""
    code = "import yuragi; yuragi.load('portraits', 'cpu')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_the_libraries_are_as_they_were_even_after_an_error():
    names = ("diffusers", "transformers")
    loggers = [logging.getLogger(name) for name in names]

    def state():
        bars = of_diffusers.is_progress_bar_enabled(), of_transformers.is_progress_bar_enabled()
        return bars, [(each.handlers, each.level, each.propagate) for each in loggers]

    def failing():
        with quiet() as said:
            loggers[0].warning("a %s", "word")
            loggers[1].info("another")
            assert not of_diffusers.is_progress_bar_enabled()
            raise RuntimeError(*said)

    before = state()
    with pytest.raises(RuntimeError, match="^a word$"):
        failing()
    assert state() == before


def test_bars_that_were_off_stay_off():
    of_diffusers.disable_progress_bar()
    try:
        with quiet():
            pass
        assert not of_diffusers.is_progress_bar_enabled()
    finally:
        of_diffusers.enable_progress_bar()


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_a_missing_weight_is_an_error(pipeline_folder, tmp_path, part):
    """The libraries only warn, and go on with random numbers."""
    folder = shutil.copytree(pipeline_folder, tmp_path / "copy")
    (file,) = (folder / part).glob("*.safetensors")
    held = load_file(file)
    gone = sorted(held)[3]
    del held[gone]
    save_file(held, file, metadata={"format": "pt"})
    with pytest.raises(InputError, match=f"^model .*weights are missing.*{gone}"):
        yuragi.load(folder, "cpu")
