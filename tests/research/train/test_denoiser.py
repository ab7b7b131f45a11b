"""The weights of the denoiser's loss, and what its training leaves alone."""

import torch

from yuragi.research.train.config import Focus, read_recipe
from yuragi.research.train.denoiser import begin_denoiser, cell_weights, train_denoiser
from yuragi.research.train.examples import Examples, captioned
from yuragi.research.train.pairs import pair
from yuragi.research.train.portraits import draw, portrait

CENTRE = Focus(row=0.5, column=0.5, height=0.1, width=0.2, weight=5)


def test_without_a_focus_all_cells_weigh_the_same():
    torch.testing.assert_close(cell_weights(8, ()), torch.ones(8, 8))


def test_the_centre_weighs_as_much_as_asked_beside_the_rest_and_the_mean_is_1():
    weights = cell_weights(33, [CENTRE])
    torch.testing.assert_close(weights.mean(), torch.tensor(1.0))
    torch.testing.assert_close(weights[16, 16] / weights[0, 0], torch.tensor(5.0))
    assert weights[16, 20] > weights[20, 16]  # wider than high


def test_overlapping_parts_are_summed():
    weights = cell_weights(33, [CENTRE, CENTRE])
    torch.testing.assert_close(weights[16, 16] / weights[0, 0], torch.tensor(9.0))


def test_the_recipe_weighs_what_another_mouth_changes():
    weights = cell_weights(256, read_recipe().denoiser.focus)
    for index in range(8):
        one = pair("validation", index, "mouth")
        before, after = (torch.from_numpy(draw(it, 256)).float() for it in (one.before, one.after))
        changed = (after - before).abs().sum(-1)
        assert (weights * changed).sum() / changed.sum() > 2.5


def test_the_text_encoder_stays_as_the_reader_left_it(small_recipe, tmp_path):
    """Also after a restart, when it is the averaged weights that are trained on."""
    labels = [portrait("train", k).labels for k in range(6)]
    examples = Examples(torch.randn(6, 8, 32, 32).half(), captioned(labels, 0, lambda *_: None))
    config, reading = small_recipe.denoiser, small_recipe.reader
    cpu = torch.device("cpu")

    def begun(config):
        return begin_denoiser(examples, labels, config, reading, tmp_path, cpu, lambda _: None)

    def of(network, read):
        pool = "unet.add_embedding."
        state = network.state_dict()
        return {n: v.clone() for n, v in state.items() if n.startswith(("text_", pool)) == read}

    first = begun(config)
    text, rest = of(first, True), of(first, False)
    train_denoiser(first, examples, config, tmp_path, cpu, lambda _: None)
    assert any(not torch.equal(v, rest[n]) for n, v in of(first, False).items())
    longer = config.model_copy(update={"steps": config.steps + 2})
    again = begun(longer)
    train_denoiser(again, examples, longer, tmp_path, cpu, lambda _: None)
    for network in (first, again):
        torch.testing.assert_close(of(network, True), text)
