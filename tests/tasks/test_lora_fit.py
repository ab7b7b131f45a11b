"""The cache of LoRAs: one for everything that determines it."""

import pytest
import torch
from tiny_pipelines import build as pipeline_of
from tiny_pipelines import clip, table, vae

import yuragi
from yuragi.tasks.build import build
from yuragi.tasks.run import evaluations, run
from yuragi.tasks.tasks import TASKS

STEPS = 2


def other_autoencoder(pipeline):
    torch.manual_seed(1)
    pipeline.register_modules(vae=vae())


def other_words(pipeline):
    torch.manual_seed(1)
    pipeline.register_modules(text_encoder=clip())


def other_prediction(pipeline):
    pipeline.scheduler = table(prediction_type="v_prediction")


@pytest.fixture
def needed(picture, monkeypatch, tmp_path):
    """The evaluations of a drag with a LoRA by a model, and the drag itself, as two functions."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    request, sources = build(
        TASKS["drag"],
        {"image": picture, "points": [((10, 24), (20, 24))], "lora": {"rank": 2, "steps": STEPS}}
        | {"prompt": "a red cat", "guidance_scale": 1.0, "num_inference_steps": 4, "seed": 0}
        | {"preset": "paper", "model": "<object>"},
    )
    return (
        lambda model: evaluations(request, model.loaded, sources),
        lambda model: run(request, model.loaded, sources),
    )


@pytest.mark.parametrize("change", [other_autoencoder, other_words, other_prediction])
def test_a_lora_belongs_to_all_parts_of_a_pipeline(change, needed):
    """Of a pipeline object, of which the network alone is known by its weights."""
    count, drag = needed
    pipeline = pipeline_of("sd1")
    fitting = count(yuragi.load(pipeline))
    drag(yuragi.load(pipeline))
    assert count(yuragi.load(pipeline)) == fitting - STEPS
    change(pipeline)
    assert count(yuragi.load(pipeline)) == fitting


def test_a_lora_belongs_to_a_precision(needed, tmp_path):
    count, drag = needed
    pipeline_of("sd1").save_pretrained(tmp_path / "model")
    full, half = (yuragi.load(tmp_path / "model", "cpu", each) for each in ("float32", "bfloat16"))
    fitting = count(full)
    drag(full)
    assert count(full) == fitting - STEPS
    assert count(half) == fitting
