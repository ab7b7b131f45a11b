"""Pairs of exact denoisers, and networks of every parametrisation made from a mixture."""

import torch

from yuragi.core import (
    EDMPreconditioning,
    EDMSchedule,
    FlowSchedule,
    GaussianMixture,
    MixtureDenoiser,
    NetworkDenoiser,
    TableSchedule,
    VPSchedule,
    predictions,
    scaled_linear_betas,
)

F64 = torch.float64
TABLE = TableSchedule.from_betas(scaled_linear_betas())
VP, FLOW = VPSchedule(), FlowSchedule()


def gaussian(mean, variance):
    """N(mean, variance) in as many dimensions as `mean` has entries; a diagonal covariance."""
    mean = torch.as_tensor(mean, dtype=F64).reshape(1, -1)
    variance = torch.as_tensor(variance, dtype=F64).reshape(1, -1).expand_as(mean)
    return GaussianMixture.diagonal(torch.ones(1, dtype=F64), mean, variance)


# Two classes of the plane, and the law of both together.
CLASS = GaussianMixture.diagonal(
    torch.tensor([0.6, 0.4], dtype=F64),
    torch.tensor([[1.0, 0.4], [0.2, 1.3]], dtype=F64),
    torch.tensor([[0.16, 0.04], [0.09, 0.25]], dtype=F64),
)
ALL = GaussianMixture.diagonal(
    torch.tensor([0.3, 0.2, 0.5], dtype=F64),
    torch.tensor([[1.0, 0.4], [0.2, 1.3], [-1.2, -0.6]], dtype=F64),
    torch.tensor([[0.16, 0.04], [0.09, 0.25], [0.3, 0.2]], dtype=F64),
)


class MixtureNetwork:
    """What a perfect network would put out, for any way of feeding and reading it."""

    def __init__(self, mixture, level, target):
        self.mixture, self.level, self.target = mixture, level, target

    def __call__(self, state, time, condition):
        alpha, sigma, x = self.level(state, time[0])
        x0 = self.mixture.x0(x, alpha, sigma)
        return self.target(x0, (x - alpha * x0) / sigma, x, alpha, sigma)


def _plain(schedule):
    return lambda state, t: (*schedule(t), state)


def _edm_level(state, log_sigma):
    sigma = (4 * log_sigma).exp().double()
    return torch.ones_like(sigma), sigma, state * (sigma**2 + 0.25).sqrt()


def _edm_target(x0, eps, x, alpha, sigma):
    total = sigma**2 + 0.25
    return (x0 - 0.25 / total * x) / (sigma * 0.5 / total.sqrt())


def _flow_level(state, alpha):
    alpha = alpha.double()
    return alpha, 1 - alpha, state


def network(kind, mixture):
    """An exact network denoiser of one of the parametrisations of `KINDS`."""
    if kind in ("epsilon", "v_prediction", "sample"):
        target = predictions[kind].target
        core = MixtureNetwork(mixture, _plain(VP), lambda x0, e, x, a, s: target(x0, e, a, s))
        return NetworkDenoiser(core, VP, predictions[kind])
    if kind == "flow_prediction":
        core = MixtureNetwork(mixture, _plain(FLOW), lambda x0, e, x, a, s: e - x0)
        return NetworkDenoiser(core, FLOW, predictions[kind])
    core = MixtureNetwork(mixture, _edm_level, _edm_target)
    return NetworkDenoiser(core, EDMSchedule(), EDMPreconditioning())


KINDS = ("epsilon", "v_prediction", "sample", "flow_prediction", "edm")


def gaussian_network(variance, dtype, output="epsilon", schedule=VP):
    """The exact network of N(0, variance I), which reads and says numbers of one precision.

    Its state is exact in between, so that what it says differs from the closed form by the rounding
    of its state and of its output alone.
    """

    def network(state, time, condition):
        alpha, sigma = schedule(time[0].double())
        x = state.double()
        x0 = alpha * variance / (alpha**2 * variance + sigma**2) * x
        return predictions[output].target(x0, (x - alpha * x0) / sigma, alpha, sigma).to(dtype)

    network.dtype = dtype
    return NetworkDenoiser(network, schedule, predictions[output])


def at_level(schedule, ratio, normalised):
    """The time where sigma / alpha = ratio, and a VE state brought to that schedule's scale."""
    t = schedule.time(-torch.tensor(float(ratio), dtype=F64).log())
    alpha, _ = schedule(t)
    return t, (alpha * normalised.double()).to(normalised.dtype)


def exact(mixture, schedule=VP):
    return MixtureDenoiser(mixture, schedule)


def normal(*shape, seed=0, dtype=F64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def factor(guidance, weight=1.0):
    """What a gain multiplies the difference by, at a weight."""
    return guidance.factor(torch.tensor(float(weight), dtype=F64))[0]
