"""Learned denoisers and classifiers come close to the exact ones; tables on them are complete."""

import pytest
import torch

from yuragi.core import MixtureDenoiser
from yuragi.research.lab.learned import Training, learn_classifier, learn_denoiser
from yuragi.research.lab.measure import PUBLISHED, SCHEDULE, Effort
from yuragi.research.lab.problems import line, mixed, named
from yuragi.research.lab.rules import RULES
from yuragi.research.lab.toy import ToyTraining, learn_toy
from yuragi.research.lab.trained import compare_trained

SHORT = Training(steps=300, batch=512, width=64)
F64 = torch.float64
ONE = torch.ones((), dtype=F64)


@pytest.mark.parametrize("level", [0.1, 0.5])
def test_a_denoiser_is_learned(level):
    law = named["1D-marginal"].conditional
    learned = learn_denoiser(law, SCHEDULE, SHORT, 0)
    t = torch.tensor(level, dtype=F64)
    x = law.sample(500, ONE, t, torch.Generator().manual_seed(1))
    error = learned(x, t) - MixtureDenoiser(law, SCHEDULE)(x, t)
    assert error.square().mean().sqrt() < 0.05


def test_training_is_keyed_by_its_seed():
    law, quick = named["1D-marginal"].conditional, Training(steps=2, batch=16, width=8)
    x, t = torch.linspace(-1, 2, 5, dtype=F64)[:, None], torch.tensor(0.5, dtype=F64)
    first, again, other = (learn_denoiser(law, SCHEDULE, quick, seed)(x, t) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_classifier_is_learned():
    """Log p(c | x) = log p_c - log (p_c + p_rest) at every noise level."""
    law, rest = line([1.0], 0.3), line([-1.0], 0.4)
    log_prob = learn_classifier(law, rest, SHORT, 0)
    both = mixed(0.5, law, rest)
    for level in (0.3, 1.0):
        t = torch.tensor(level, dtype=F64)
        x = both.sample(400, ONE, t, torch.Generator().manual_seed(1)).requires_grad_()
        want = law.log_prob(x, ONE, t) - both.log_prob(x, ONE, t) - torch.log(2 * ONE)
        got = log_prob(x, t)
        assert (got.exp() - want.exp()).abs().mean() < 0.03
    # The slope too, at a level where the data cover the boundary between the two.
    slopes = [torch.autograd.grad(v.sum(), x, retain_graph=True)[0] for v in (got, want)]
    assert torch.corrcoef(torch.cat(slopes, 1).T)[0, 1] > 0.95


def test_tables_on_learned_networks():
    quick = Training(steps=20, batch=64, width=16)
    effort = Effort(levels=3, nodes=30, plane=20, grid=10, samples=10, family=(0,))
    rules = {name: RULES[name] for name in ("none", "cfg", "reg", "ratio")}
    parts = []
    report = compare_trained(
        rules, (1.0,), effort, quick, ToyTraining(128, 1), 0, lambda *done: parts.append(done)
    )
    assert set(report["path_kl"]["1"]) == {
        "1D-paper", "1D-marginal", "1D-autoG", "2D-marginal", "2D-autoG", "1D-classifier",
    }  # fmt: skip
    for row in report["path_kl"]["1"].values():
        assert set(row) == set(rules)
        assert all(value >= 0 for value in row.values())
    assert all(0 <= v <= 4 for row in report["kappa2"].values() for v in row.values())
    for problem in ("1D-ckpt", "1D-paper"):
        assert set(report["win_ratio"][problem]) == {"0.5", "1", "3"}
        for row in report["win_ratio"][problem].values():
            assert set(row) == {"none", "reg", "ratio"}
            assert all(0 <= value <= 1 for value in row.values())
    assert parts[-1] == (8, 8)


def test_the_network_of_the_paper_learns():
    law = named["1D-ckpt"].conditional
    toy = learn_toy(law, ToyTraining(epochs=4), 0)
    t = torch.tensor(10.0, dtype=F64)
    x = law.sample(500, *PUBLISHED(t), torch.Generator().manual_seed(1))
    error = toy(x, t) - MixtureDenoiser(law, PUBLISHED)(x, t)
    assert error.square().mean().sqrt() < 0.06
