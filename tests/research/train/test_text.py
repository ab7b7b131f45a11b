"""Whether the text encoder reads, and what is said if it does not."""

import warnings

import pytest
import torch

from yuragi.research.train.config import read_recipe
from yuragi.research.train.examples import captioned
from yuragi.research.train.judge import targets
from yuragi.research.train.networks import TOKENS, TextToLatent, build_tokenizer
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


def right(labels):
    """The logits of a reader that reads these labels from their captions."""
    known = targets(labels)
    return {name: torch.eye(len(values))[known[name]] for name, values in ATTRIBUTES.items()}


def test_labels_that_an_untrained_encoder_misses_are_named(labels):
    with pytest.warns(UserWarning, match="clothes_colour in .*%.* of captions only"):
        warn_of_unread(Reader(small()), build_tokenizer(), labels, CPU)


def test_an_encoder_that_reads_everything_is_silent(labels):
    read = right(labels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_unread(lambda tokens: (read, read), build_tokenizer(), labels, CPU)


def test_a_label_that_is_read_in_one_way_only_counts_as_unread(labels):
    read = right(labels)
    blind = read | {"mouth": read["mouth"].roll(1, 1)}
    with pytest.warns(UserWarning, match="reads mouth in 0% of captions only"):
        warn_of_unread(lambda tokens: (read, blind), build_tokenizer(), labels, CPU)


@pytest.fixture(scope="module")
def taught(labels, tmp_path_factory):
    """A small network, and its reader after 300 steps."""
    network = small()
    update = {"steps": 300, "batch": 32, "warmup": 10, "learning_rate": 6e-3, "ema": 0.9}
    config = read_recipe().reader.model_copy(update=update)
    tokens, folder = captioned(labels, 0, lambda *_: None), tmp_path_factory.mktemp("reader")
    return network, train_reader(network, tokens, labels, config, folder, CPU, lambda _: None)


def read_of(reader, labels):
    """The share of captions, which name only the background, that are read in each way."""
    texts = [f"a person, on a {row['background']} background" for row in labels]
    tokens = build_tokenizer()(texts, **TOKENS).input_ids
    with torch.no_grad():
        return [
            float((logits["background"].argmax(1) == targets(labels)["background"]).float().mean())
            for logits in reader(tokens)
        ]


def test_reading_is_learned_in_both_ways(taught, labels):
    """Backgrounds are told apart by the UNet's own pooling and by queries; by chance in 0.1."""
    network, reader = taught
    assert reader.pool is network.unet.add_embedding
    assert min(read_of(reader, labels)) > 0.5


def test_what_the_queries_find_is_a_mean_of_states_with_weights_of_sum_1(labels):
    """With queries of zero, every word weighs the same."""
    network = small()
    reader = Reader(network)
    torch.nn.init.zeros_(reader.queries)
    tokens = build_tokenizer()(["a person with wide eyes"], **TOKENS).input_ids
    with torch.no_grad():
        mean = network.text_encoder(tokens).last_hidden_state.mean(1)
        found = reader(tokens)[1]
        expected = {name: head(mean) for name, head in reader.of_found.items()}
    torch.testing.assert_close(found, expected)
