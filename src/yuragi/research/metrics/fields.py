r"""Stationary Gaussian fields: high dimensions in which joint-scaled guidance has a closed form.

On a torus of n x n pixels, the Fourier coefficients of a stationary field are independent:
coefficient k has mean m_k and variance S_k. So the noised field, its denoiser and the joint-scaled
target of two fields c and u are also independent in Fourier space,

    1 / S_pi = (1 + w) / S_c - w / S_u,    m_pi / S_pi = (1 + w) m_c / S_c - w m_u / S_u

`class_field` mimics pictures: the spectrum falls as 1 / f^2.2, and a class explains up to 30 % of
the variance at low frequencies. So the class shifts the mean, and the classes overlap.

References: Field 1987 (J. Opt. Soc. Am. A 4.12) for the spectrum of natural images.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.errors import InputError

__all__ = ["SpectralGaussian", "class_field", "field_spectrum", "frequencies", "tilt"]

F64 = torch.float64
EXPONENT = 2.2
"""The exponent of the spectrum of natural images."""
SIGMA_DATA = 0.5
"""The standard deviation of a pixel."""
EXPLAINED = 0.3
"""The share of the variance at the lowest frequencies that a class explains."""
CUTOFF = 4.0
"""The frequency, in cycles per picture, around which that share falls."""


@dataclass(frozen=True, eq=False)
class SpectralGaussian:
    """A Gaussian field that is stationary apart from its mean.

    Args:
        mean: the mean [n, n].
        spectrum: the variance of each coefficient of the orthonormal Fourier transform, [n, n],
            even in frequency and above 0 everywhere.

    States are [b, 1, n, n].
    """

    mean: Tensor
    spectrum: Tensor

    def x0(self, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """E[x_0 | x_t = x], a Wiener filter."""
        gain = alpha * self.spectrum / (alpha**2 * self.spectrum + sigma**2)
        return self.mean.to(x) + _filtered(x - (alpha * self.mean).to(x), gain)

    def sample(
        self, count: int, alpha: Tensor, sigma: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """`count` draws of x_t, [count, 1, n, n], float64."""
        white = torch.randn(2, count, 1, *self.mean.shape, generator=generator, dtype=F64)
        clean = self.mean + _filtered(white[0], self.spectrum.sqrt())
        return alpha * clean + sigma * white[1]


def frequencies(size: int) -> Tensor:
    """|k| in cycles per picture, [size, size]."""
    k = torch.fft.fftfreq(size, 1 / size).to(F64)
    return torch.hypot(k[:, None], k)


def field_spectrum(size: int) -> Tensor:
    """1 / f^`EXPONENT`, scaled to the variance `SIGMA_DATA`^2 per pixel, [size, size].

    The constant, f = 0, is treated as f = 1 / sqrt(2).
    """
    power = frequencies(size).clamp(min=0.5**0.5) ** -EXPONENT
    return power * (SIGMA_DATA * size) ** 2 / power.sum()


def class_field(size: int = 32) -> tuple[SpectralGaussian, SpectralGaussian]:
    """The law of a class and the law of all pictures: (conditional, guidance).

    The class explains the share rho_k = `EXPLAINED` exp(-(k / `CUTOFF`)^2 / 2) of the variance at
    frequency k: its mean has the squared modulus rho_k S_k and random phases, and its remaining
    variance is (1 - rho_k) S_k.
    """
    spectrum = field_spectrum(size)
    share = EXPLAINED * (-((frequencies(size) / CUTOFF) ** 2) / 2).exp()
    white = torch.randn(size, size, generator=torch.Generator().manual_seed(0), dtype=F64)
    waves = torch.fft.fft2(white, norm="ortho")
    waves = waves / waves.abs() * (share * spectrum).sqrt()
    mean = torch.fft.ifft2(waves, norm="ortho").real
    conditional = SpectralGaussian(mean, (1 - share) * spectrum)
    return conditional, SpectralGaussian(torch.zeros_like(mean), spectrum)


def tilt(conditional: SpectralGaussian, guide: SpectralGaussian, weight: float) -> SpectralGaussian:
    """The target pi, proportional to p_c (p_c / p_u)^weight.

    Raises:
        InputError: pi has no finite variance, because u is too narrow for this weight.
    """
    strong, weak = (1 + weight) / conditional.spectrum, weight / guide.spectrum
    precision = strong - weak
    if not bool((precision > 0).all()):
        raise InputError("weight", weight, "so small that (1 + w) / S_c > w / S_u everywhere")
    pull = _filtered(conditional.mean, strong) - _filtered(guide.mean, weak)
    return SpectralGaussian(_filtered(pull, 1 / precision), 1 / precision)


def _filtered(x: Tensor, gain: Tensor) -> Tensor:
    """Multiply each Fourier coefficient by a real, even gain."""
    filtered: Tensor = torch.fft.ifft2(torch.fft.fft2(x) * gain.to(x)).real
    return filtered
