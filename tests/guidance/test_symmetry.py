"""Random products see the asymmetry of a Jacobian that is known."""

import pytest
import torch

from guidance.exact import CLASS, VP, at_level, exact, normal
from yuragi.guidance.symmetry import probe


class Linear:
    """x0 = A x, whose Jacobian is A."""

    schedule = VP

    def __init__(self, matrix):
        self.matrix = matrix

    def __call__(self, x, t):
        return x @ self.matrix.T


def test_kappa_of_a_known_matrix():
    matrix = normal(6, 6)
    skew = (matrix - matrix.T).square().sum() / matrix.square().sum()
    t, x = at_level(VP, 0.5, normal(64, 6))
    found = probe(Linear(matrix), x, t, pairs=200)
    assert found.kappa2 == pytest.approx(skew.item(), rel=0.05)
    assert found.roughness < 1e-9  # a linear map has no curvature


@pytest.mark.parametrize(("sign", "kappa2"), [(1, 0.0), (-1, 4.0)])
def test_the_two_extremes(sign, kappa2):
    matrix = normal(6, 6)
    t, x = at_level(VP, 0.5, normal(8, 6))
    found = probe(Linear(matrix + sign * matrix.T), x, t)
    assert found.kappa2 == pytest.approx(kappa2, abs=1e-9)


def test_an_exact_denoiser_is_symmetric():
    t, x = at_level(VP, 0.3, normal(64, 2))
    found = probe(exact(CLASS), x, t, pairs=8)
    assert found.kappa2 < 1e-2
    assert 0 < found.roughness < 0.1


def test_rounding_shows_as_roughness():
    class Rounded(Linear):
        def __call__(self, x, t):
            return super().__call__(x, t).mul(20).round().div(20)

    t, x = at_level(VP, 0.3, normal(16, 6, dtype=torch.float32))
    smooth = probe(Linear(torch.eye(6)), x, t).roughness
    assert probe(Rounded(torch.eye(6)), x, t).roughness > 0.5 > smooth
