"""The recipe in miniature."""

import pytest

from yuragi.research.train.config import read_recipe


@pytest.fixture
def small_recipe():
    """Six portraits, three steps of each part, narrow networks."""
    recipe = read_recipe(None)
    small = {"steps": 3, "batch": 2, "warmup": 1}
    narrow = small | {"channels": (16, 16, 16), "text_width": 16}
    return recipe.model_copy(
        update={
            "data": recipe.data.model_copy(update={"train": 6, "validation": 2}),
            "autoencoder": recipe.autoencoder.model_copy(update=small | {"channels": 8}),
            "denoiser": recipe.denoiser.model_copy(update=narrow),
            "decoder": recipe.decoder.model_copy(update=small),
            "reader": recipe.reader.model_copy(update=small),
        }
    )
