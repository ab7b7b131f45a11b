r"""Codecs between pixels and latents, for any autoencoder of diffusers, and for models without one.

    z = (E(x) - shift) * factor,    x = D(z / factor + shift)

E is the mode of the posterior if the autoencoder has one, because an edit must not add noise.
Pictures whose sides are not a multiple of `multiple` are padded by repeating their edge, and the
padding is cropped after decoding, so that pixel coordinates never change.

The activations of some autoencoders exceed float16's largest number, 65504. Their configuration
says so (``force_upcast``), and diffusers' pipelines then run them in float32: for encoding in
either half precision, and for decoding in float16 only, because bfloat16 has the range of float32.
Yuragi does the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from yuragi.errors import NotFiniteError

if TYPE_CHECKING:
    from diffusers import AutoencoderKL, AutoencoderTiny

__all__ = ["Codec", "Pixels"]


@dataclass(frozen=True)
class Codec:
    """Encode pictures to latents and decode latents, on the device of the input.

    Attributes:
        autoencoder: an AutoencoderKL or AutoencoderTiny.
        cell: the side of a latent cell in pixels.
        multiple: the number of pixels of which padded sides are a multiple.
        square: whether pictures are padded to squares, for networks that need them.
        largest: the longest side in pixels that the network supports; None for any.
    """

    autoencoder: AutoencoderKL | AutoencoderTiny
    cell: int
    multiple: int
    square: bool = False
    largest: int | None = None

    @property
    def channels(self) -> int:
        """The number of channels of a latent."""
        return int(self.autoencoder.config.latent_channels)

    def padding(self, height: int, width: int) -> tuple[int, int]:
        """The numbers of rows and columns to add below and to the right."""
        rows, columns = (side + -side % self.multiple for side in (height, width))
        if self.square:
            rows = columns = max(rows, columns)
        return rows - height, columns - width

    def least_memory(self, height: int, width: int) -> int:
        """The least number of bytes that decoding a picture needs; 0 in tiles, which need little.

        The last convolution at full size reads and writes as many channels as its block.
        """
        if self.autoencoder.use_tiling:
            return 0
        rows, columns = self.padding(height, width)
        channels = self.autoencoder.config.block_out_channels[:2][-1]
        size = self.autoencoder.dtype.itemsize
        return int(2 * channels * size * (height + rows) * (width + columns))

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """Float32 images [b, 3, h, w] in [-1, 1] -> float32 latents [b, c, h', w'].

        h' and w' are h and w, padded (`padding`), over `cell`.
        """
        padded = _padded(images, self.padding(*images.shape[-2:]))
        with self._wide_enough(torch.float16, torch.bfloat16) as dtype:
            encoded = self.autoencoder.encode(padded.to(dtype))
        tiny = hasattr(encoded, "latents")  # an AutoencoderTiny has no posterior
        latents: Tensor = encoded.latents if tiny else encoded.latent_dist.mode()
        return (latents.float() - self._shift) * self._factor

    @torch.no_grad()
    def decode(self, latents: Tensor, height: int, width: int) -> Tensor:
        """Latents [b, c, h', w'] -> float32 images [b, 3, height, width], clamped to [-1, 1].

        Raises:
            NotFiniteError: the latents or the decoded images are infinite or not numbers.
        """
        raw = _finite(latents, "network") / self._factor + self._shift
        with self._wide_enough(torch.float16) as dtype:
            images: Tensor = self.autoencoder.decode(raw.to(dtype)).sample
        return _finite(images.float(), "autoencoder").clamp(-1, 1)[..., :height, :width]

    @contextmanager
    def _wide_enough(self, *narrow: torch.dtype) -> Iterator[torch.dtype]:
        """Run the autoencoder in a precision sufficient for its activations; yields the precision.

        Args:
            narrow: the precisions that are too narrow if the configuration requests float32.
        """
        dtype: torch.dtype = self.autoencoder.dtype
        if dtype in narrow and self.autoencoder.config.force_upcast:
            with _in_float32(self.autoencoder):
                yield torch.float32
        else:
            yield dtype

    @property
    def _factor(self) -> float:
        return float(self.autoencoder.config.scaling_factor)

    @property
    def _shift(self) -> float:
        return float(getattr(self.autoencoder.config, "shift_factor", None) or 0.0)


@dataclass(frozen=True)
class Pixels:
    """The codec of networks on pixels, without an autoencoder.

    Attributes:
        channels: the number of channels of the network, 3 for colour and 1 for grey.
        multiple: the number of pixels of which padded sides are a multiple.
        cell: the side of a cell in pixels, which is 1.
        largest: the longest side in pixels that the network supports; None for any.
    """

    channels: int
    multiple: int
    cell: int = 1
    largest: int | None = None

    def padding(self, height: int, width: int) -> tuple[int, int]:
        """The numbers of rows and columns to add below and to the right."""
        return -height % self.multiple, -width % self.multiple

    def least_memory(self, height: int, width: int) -> int:
        """Return 0, because there is no autoencoder that could need much memory."""
        return 0

    def encode(self, images: Tensor) -> Tensor:
        """Pad images [b, 3, h, w] in [-1, 1], and average colours for a grey network."""
        padded = _padded(images, self.padding(*images.shape[-2:]))
        return padded if self.channels == 3 else padded.mean(1, keepdim=True)

    def decode(self, latents: Tensor, height: int, width: int) -> Tensor:
        """Crop to the original size, clamp to [-1, 1], and repeat grey as colour.

        Raises:
            NotFiniteError: the latents are infinite or not numbers.
        """
        cut = _finite(latents, "network").float().clamp(-1, 1)[..., :height, :width]
        return cut if self.channels == 3 else cut.expand(-1, 3, -1, -1)


@contextmanager
def _in_float32(module: nn.Module) -> Iterator[None]:
    """Convert weights to float32 inside the context, and restore them exactly afterwards.

    Weights are found by name, because offloading replaces the tensors.
    """
    before = {name: tensor.dtype for name, tensor in _real(module)}
    try:
        for _, tensor in _real(module):
            tensor.data = tensor.data.float()
        yield
    finally:
        for name, tensor in _real(module):
            tensor.data = tensor.data.to(before[name])


def _real(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Floating-point parameters and buffers by name."""
    for name, tensor in chain(module.named_parameters(), module.named_buffers()):
        if tensor.is_floating_point():
            yield name, tensor


def _finite(values: Tensor, maker: str) -> Tensor:
    if bool(values.isfinite().all()):
        return values
    raise NotFiniteError(
        f"the {maker} computed values that are infinite or not numbers; load the model in a wider "
        "precision (dtype float32, or bfloat16 instead of float16), or lower the guidance scale"
    )


def _padded(images: Tensor, padding: tuple[int, int]) -> Tensor:
    rows, columns = padding
    return nn.functional.pad(images, (0, columns, 0, rows), mode="replicate")
