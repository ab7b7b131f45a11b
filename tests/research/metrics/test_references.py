"""Every measure of sets against the reference implementation, on the same features."""

import numpy as np
import prdc
import pytest
import torch
import vendi_score.vendi

from yuragi.research.metrics.diversity import Neighbours, vendi
from yuragi.research.metrics.frechet import frechet_distance
from yuragi.research.metrics.inception_score import inception_score
from yuragi.research.metrics.kernel import Kernels


def features(n, d=16, seed=0, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator, dtype=torch.float64).abs() + shift


A, B = features(120), features(150, seed=1, shift=0.2)


@pytest.mark.parametrize(("n", "m"), [(120, 150), (10, 12)])
def test_frechet(fidelity, n, m):
    fid = fidelity("metric_fid")
    a, b = (fid.fid_features_to_statistics(x) for x in (A[:n], B[:m]))
    want = fid.fid_statistics_to_metric(a, b, False)["frechet_inception_distance"]
    assert frechet_distance(A[:n], B[:m]) == pytest.approx(want, rel=1e-5)


def test_kernel(fidelity):
    """One subset that is the whole of both sets, which must be of one size there."""
    kid = fidelity("metric_kid")
    found = kid.kid_features_to_metric(
        A, B[:120], kid_subsets=1, kid_subset_size=120, verbose=False
    )
    want = found["kernel_inception_distance_mean"]
    assert Kernels.between(A, B[:120]).of(torch.arange(120)) == pytest.approx(want, rel=1e-9)


def test_inception_score(fidelity):
    isc = fidelity("metric_isc")
    logits = 3 * features(200, 10, seed=2)
    want = isc.isc_features_to_metric(logits, splits=1)["inception_score_mean"]
    assert inception_score(logits) == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize("k", [1, 5])
def test_neighbours(k):
    want = prdc.compute_prdc(B.numpy(), A.numpy(), nearest_k=k)
    found = Neighbours.between(A, B, k)
    for name in ("precision", "recall", "density", "coverage"):
        # prdc counts strictly inside; no two distances are equal here.
        assert getattr(found, name) == pytest.approx(want[name], abs=1e-12), name


def test_precision_and_recall(fidelity):
    prc = fidelity("metric_prc")
    found = prc.prc_features_to_metric(A, B, prc_neighborhood=3, verbose=False)
    seen = Neighbours.between(A, B, 3)
    assert seen.precision == pytest.approx(found["precision"])
    assert seen.recall == pytest.approx(found["recall"])


def test_some_of_the_pictures_are_those_alone():
    picked = torch.arange(0, 120, 2)
    kernels, own = Kernels.between(A, B), Kernels.between(A[picked], B)
    assert kernels.of(picked) == pytest.approx(own.of(torch.arange(60)), rel=1e-12)
    part, alone = Neighbours.between(A, B).of(picked), Neighbours.between(A[picked], B)
    for name in ("precision", "recall", "density", "coverage"):
        assert getattr(part, name) == getattr(alone, name)


def test_vendi():
    unit = torch.nn.functional.normalize(A, dim=1).numpy()
    want = vendi_score.vendi.score_dual(unit)
    assert vendi(A) == pytest.approx(float(np.asarray(want)), rel=1e-9)
