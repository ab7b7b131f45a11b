"""Pictures against the truth: closed forms and regions."""

import math

import pytest
import torch

from yuragi.drag.areas import mean_absolute
from yuragi.research.metrics.paired import region_psnr, ssim


def test_psnr_of_a_known_error():
    truth = torch.zeros(2, 3, 16, 16)
    images, left = truth.clone(), torch.zeros(2, 16, 16, dtype=torch.bool)
    images[..., :8] = 0.2
    left[..., :8] = True
    everywhere = torch.ones_like(left)
    assert region_psnr(images, truth, left).tolist() == pytest.approx(
        [10 * math.log10(4 / 0.04)] * 2
    )
    assert region_psnr(images, truth, everywhere)[0].item() == pytest.approx(
        10 * math.log10(4 / 0.02)
    )
    assert region_psnr(images, truth, ~left).tolist() == [60, 60]
    assert mean_absolute(images, truth, left).tolist() == pytest.approx([0.2, 0.2])
    assert region_psnr(images, truth, ~everywhere).isnan().all()


def test_ssim_is_one_for_equal_pictures_and_falls_with_noise():
    truth = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))
    everywhere = torch.ones(2, 32, 32, dtype=torch.bool)
    half = everywhere.clone()
    half[:, :16] = False
    for found in ssim(truth, truth, [everywhere, half]):
        assert found.tolist() == pytest.approx([1, 1])
    little, much = (ssim(truth + s * noise, truth, [half])[0].mean() for s in (0.05, 0.5))
    assert 1 > little > much
