r"""What guidance without foresight misses: a Renyi divergence between two posteriors.

    log E_t - log R_t = w D_{1+w}( p_c(x_0 | x_t) || p_u(x_0 | x_t) )  >=  0
    D_q(P || Q)       = log( integral of P^q Q^{1-q} ) / (q - 1)

Here the posteriors come from the conjugate form of a Gaussian mixture, component by component,
so that the identity is a check of `yuragi.research.metrics.joint` and not a restatement of it.

References: Renyi 1961; Moufad et al. 2025 (arXiv 2505.21101) for the same term.
"""

import torch


def posterior_log_prob(mixture, x0, x, alpha, sigma):
    """Log p(x_0 | x_t = x) of a mixture, in conjugate form.

    Args:
        mixture: the law of x_0.
        x0: [m, d] or [b, m, d], where to evaluate.
        x: [b, d].
        alpha: 0-dim.
        sigma: 0-dim, above 0.

    Returns:
        [b, m].
    """
    d = x.shape[1]
    prior = torch.linalg.inv(mixture.covariances)
    precision = prior + (alpha / sigma) ** 2 * torch.eye(d, dtype=prior.dtype)
    pull = torch.einsum("kij,kj->ki", prior, mixture.means) + alpha / sigma**2 * x[:, None]
    mean = torch.linalg.solve(precision, pull[..., None])[..., 0]
    log_normal = torch.linalg.slogdet(precision / (2 * torch.pi)).logabsdet / 2
    weights = mixture.responsibilities(x, alpha, sigma).log()
    terms = []
    for k in range(len(precision)):
        centred = x0 - mean[:, k, None]
        square = torch.einsum("...i,ij,...j->...", centred, precision[k], centred)
        terms.append(weights[:, k, None] + log_normal[k] - square / 2)
    return torch.stack(terms).logsumexp(0)


def renyi_gap(target, x, alpha, sigma):
    """W D_{1+w}( p_c(x_0 | x_t = x) || p_u(x_0 | x_t = x) ), [b]; x is [b, d], sigma > 0."""
    nodes, log_cell = target.quadrature(x, alpha, sigma)
    strong = posterior_log_prob(target.conditional, nodes, x, alpha, sigma)
    weak = posterior_log_prob(target.guide, nodes, x, alpha, sigma)
    return (strong + target.weight * (strong - weak)).logsumexp(-1) + log_cell
