"""The problems: what the specification fixes, and random ones that can be repeated."""

import pytest
import torch

from yuragi.errors import InputError
from yuragi.research.lab.problems import family, named
from yuragi.research.metrics.joint import JointTarget


def test_the_named_ones():
    assert [name[:2] for name in named] == ["1D"] * 6 + ["2D"] * 2
    assert all(problem.name == name for name, problem in named.items())
    assert [name for name, problem in named.items() if problem.exact] == ["1D-mean-shift"]
    ckpt = named["1D-ckpt"]
    assert ckpt.conditional.means.flatten().tolist() == [0.5, 1.5]
    assert ckpt.guide.means.flatten().tolist() == [-2.0, 0.0]
    marginal = named["2D-marginal"]
    assert marginal.guide.weights[:3].sum().item() == pytest.approx(0.3)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_families(dimension):
    problems = family(3, 8, dimension)
    assert len({problem.name for problem in problems}) == 8
    for problem, same in zip(problems, family(3, 8, dimension), strict=True):
        assert problem.dimension == dimension
        assert torch.equal(problem.guide.means, same.guide.means)
        # Every target can be normalised at the largest weight of the tables.
        assert JointTarget(problem.conditional, problem.guide, 3.0).log_evidence > -50
    assert not torch.equal(problems[0].guide.means, family(4, 1, dimension)[0].guide.means)


def test_bad_dimension():
    with pytest.raises(InputError, match="dimension"):
        family(0, 8, 4)
