"""A small untrained pipeline for all tests; helpers beside the tests can be imported."""

import os
import shutil
import sys
from pathlib import Path

import anyio
import numpy as np
import pytest
from PIL import Image

pytest.register_assert_rewrite("promises")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")

# Anyio imports its parts when they are first used, and pytest rewrites them, as it does every
# plugin. Before Python 3.11.8, two threads that parse at once can raise SystemError
# (python/cpython#106905), so all parts are imported now, while there is one thread.
for part in dir(anyio):
    getattr(anyio, part)


@pytest.fixture(scope="session", autouse=True)
def caches(tmp_path_factory):
    """A folder for caches, so that tests leave the user's own alone; gives the folder."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        usual = os.environ.get("MPLCONFIGDIR", str(Path.home() / ".cache" / "matplotlib"))
        patch.setenv("MPLCONFIGDIR", usual)  # to list all fonts takes long
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def pipeline_folder(tmp_path_factory):
    """A Stable Diffusion pipeline with random weights: 128 x 128 pixels, 4 x 32 x 32 latents."""
    import torch

    from yuragi.research.train.autoencoder import build_autoencoder
    from yuragi.research.train.config import read_recipe
    from yuragi.research.train.networks import TextToLatent, assemble, build_tokenizer

    recipe = read_recipe()
    codec = {"encoder_blocks": (0, 1, 3), "decoder_blocks": (3, 2, 0), "latent_channels": 4}
    recipe = recipe.model_copy(
        update={
            "data": recipe.data.model_copy(update={"size": 128}),
            "autoencoder": recipe.autoencoder.model_copy(update={"channels": 8} | codec),
        }
    )
    torch.manual_seed(0)
    tokenizer = build_tokenizer()
    small = recipe.denoiser.model_copy(update={"channels": (16, 16, 32), "text_width": 16})
    network = TextToLatent(small, len(tokenizer), recipe.latent)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    autoencoder = build_autoencoder(recipe.autoencoder)
    assemble(autoencoder, network, tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(pipeline_folder):
    """The pipeline through our API."""
    import yuragi

    return yuragi.load(pipeline_folder, "cpu")


@pytest.fixture(scope="session")
def knowing(pipeline_folder, tmp_path_factory):
    """The pipeline in a folder of its own, calibrated on smooth pictures."""
    import yuragi
    from gradients import gradient
    from yuragi.tasks.calibrate import LEAST, calibrate, write_familiarity

    folder = shutil.copytree(pipeline_folder, tmp_path_factory.mktemp("knowing") / "model")
    (folder / "README.md").write_text("---\nlicense: mit\nknows: smooth pictures\n---\n\n# Text\n")
    model = yuragi.load(folder, "cpu")
    write_familiarity(model.loaded, calibrate(model.loaded, range(LEAST), gradient))
    return model


@pytest.fixture
def picture():
    """A small picture with a gradient and a square: 64 x 48 pixels."""
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[..., 0] = np.arange(64) * 3
    pixels[..., 1] = np.arange(48)[:, None] * 4
    pixels[16:28, 20:32] = (250, 240, 10)
    return Image.fromarray(pixels)


@pytest.fixture
def cli(monkeypatch, capsys, tmp_path):
    """Run `yuragi ARGUMENTS` in a fresh folder: (exit code, output, error output)."""
    from yuragi.cli import main

    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["yuragi", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        told = capsys.readouterr()
        return stopped.value.code or 0, told.out, told.err

    return call
