"""Whether the text encoder reads, and what is said if it does not."""

import warnings

import numpy as np
import pytest
import torch

from yuragi.research.train.config import read_recipe
from yuragi.research.train.judge import targets
from yuragi.research.train.networks import TextToLatent, build_tokenizer
from yuragi.research.train.portraits import ATTRIBUTES, portrait
from yuragi.research.train.text import Reader, train_reader, warn_of_unread

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def labels():
    return [portrait("train", k).labels for k in range(40)]


def small():
    config = read_recipe().denoiser.model_copy(update={"channels": (16, 16, 16), "text_width": 32})
    torch.manual_seed(0)
    return TextToLatent(config, len(build_tokenizer()), (4, 16))


def test_labels_that_an_untrained_encoder_misses_are_named(labels):
    with pytest.warns(UserWarning, match="clothes_colour in .*%.* of captions only"):
        warn_of_unread(Reader(small()), build_tokenizer(), labels, CPU)


def test_an_encoder_that_reads_everything_is_silent(labels):
    class Knowing:
        def __call__(self, tokens):
            known = targets(labels)
            return {n: torch.eye(len(v))[known[n]] for n, v in ATTRIBUTES.items()}

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_unread(Knowing(), build_tokenizer(), labels, CPU)


def test_reading_is_learned(labels, tmp_path):
    """Three hundred steps tell backgrounds apart, and the UNet's own pooling has learned it."""
    network, tokenizer = small(), build_tokenizer()
    update = {"steps": 300, "batch": 32, "warmup": 10, "learning_rate": 3e-3, "ema": 0.9}
    config = read_recipe().reader.model_copy(update=update)
    reader = train_reader(network, tokenizer, labels, config, tmp_path, CPU, lambda _: None)
    assert reader.pool is network.unet.add_embedding
    texts = [f"a person, on a {row['background']} background" for row in labels]
    tokens = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids
    with torch.no_grad():
        right = reader(tokens)["background"].argmax(1) == targets(labels)["background"]
    assert np.mean(right.numpy()) > 0.5  # by chance it is about 0.1
