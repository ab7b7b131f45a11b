"""The divergence of two Gaussian laws."""

import torch


def gaussian_kl(mean, covariance, ref_mean, ref_covariance):
    """KL(N(mean, covariance) | N(ref_mean, ref_covariance)) in nats; [d] and [d, d], float64."""
    first = torch.distributions.MultivariateNormal(mean, covariance)
    second = torch.distributions.MultivariateNormal(ref_mean, ref_covariance)
    return torch.distributions.kl_divergence(first, second).item()
