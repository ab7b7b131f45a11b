"""Precisions of weights: their names, and what is refused."""

import pytest
import torch

import yuragi
from yuragi.errors import InputError
from yuragi.models.load import load_diffusers
from yuragi.models.opening import Opening


@pytest.mark.parametrize("name", ["float32", "float16", "bfloat16"])
def test_a_name_and_a_torch_dtype_load_the_same_precision(pipeline_folder, name):
    for dtype in (name, getattr(torch, name)):
        loaded = yuragi.load(pipeline_folder, "cpu", dtype=dtype).loaded
        parts = loaded.pipeline.unet, loaded.pipeline.vae, loaded.pipeline.text_encoder
        assert {part.dtype for part in parts} == {getattr(torch, name)}


@pytest.mark.parametrize(
    "dtype",
    ["half", "fp16", "torch.bfloat16", "", "int8", torch.int8, torch.bool, torch.cfloat, 16],
)
def test_other_precisions_are_refused_before_anything_is_opened(dtype):
    """So before the hub is asked, too."""
    for load in (
        lambda: yuragi.load("owner/name", "cpu", dtype=dtype),
        lambda: load_diffusers("owner/name", Opening(device="cpu", dtype=dtype)),
    ):
        with pytest.raises(InputError, match="^dtype.*float32, float16, bfloat16"):
            load()
