"""DiffEdit's mask, for laws whose difference is known and for differences that are given."""

from dataclasses import dataclass

import torch

from yuragi.core import GaussianMixture, MixtureDenoiser, SeededNoise, VPSchedule
from yuragi.edit import difference_mask

F64 = torch.float64
VP = VPSchedule()
SIDE = 12
T = torch.tensor(0.5, dtype=F64)


def law(mean):
    return GaussianMixture.diagonal(
        torch.ones(1, dtype=F64),
        mean.flatten()[None].to(F64),
        torch.full((1, SIDE**2), 0.25, dtype=F64),
    )


@dataclass(frozen=True)
class Fixed:
    """A denoiser that predicts a given picture."""

    x0: torch.Tensor
    schedule = VP

    def __call__(self, x, t):
        return self.x0.expand_as(x)


def mask(source, target, threshold=0.5, samples=4, count=2):
    x0 = torch.zeros(count, 1, SIDE, SIDE)
    noise = SeededNoise(0, list(range(count)))
    return difference_mask(source, target, x0, T, noise, samples, threshold)


def area(*boxes):
    found = torch.zeros(1, 1, SIDE, SIDE)
    for rows, columns in boxes:
        found[..., rows, columns] = 1
    return found


RIGHT = area((slice(None), slice(6, None)))


def test_it_is_where_the_means_of_two_laws_differ():
    source, target = (MixtureDenoiser(law(m), VP) for m in (torch.zeros_like(RIGHT), RIGHT))
    found = mask(source, target)
    assert found.shape == (2, 1, SIDE, SIDE)
    assert torch.equal(found, RIGHT.expand_as(found))


def test_gaps_are_closed_and_single_cells_removed():
    block = area((slice(2, 9), slice(2, 9)))
    noisy = block.clone()
    noisy[..., 5, 5] = 0
    noisy[..., 11, 11] = 1
    found = mask(Fixed(torch.zeros_like(noisy)), Fixed(noisy))
    assert found[..., 5, 5].min() == 1
    assert found[..., 10:, 10:].max() == 0
    assert torch.equal(found[..., 3:8, 3:8], block[..., 3:8, 3:8].expand(2, -1, -1, -1))


def test_a_higher_threshold_leaves_less():
    slope = torch.linspace(0, 1, SIDE).expand(1, 1, SIDE, SIDE)
    areas = [mask(Fixed(0 * slope), Fixed(slope), level).sum().item() for level in (0.2, 0.5, 0.8)]
    assert areas[0] > areas[1] > areas[2] > 0


def test_an_outlier_does_not_set_the_scale():
    loud = RIGHT.clone()
    loud[..., 0, 11] = 10  # ten times what differs elsewhere
    found = mask(Fixed(0 * loud), Fixed(loud))
    assert found[..., 2:, 7:].min() == 1
    assert found[..., :5].max() == 0


def test_where_two_prompts_agree_nothing_changes():
    same = Fixed(RIGHT)
    assert not mask(same, same).any()
