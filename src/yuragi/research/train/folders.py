"""The run folders of the portrait model, and what in them belongs to which weights.

- ``autoencoder/``: its checkpoint;
- ``autoencoder/decoder-step<n>/``: the checkpoint of its decoder, trained further after step n;
- ``autoencoder/latents-*``: drawings, encoded by the encoder whose digest is in the name;
- ``denoiser/``: its checkpoint, the scaling factor of its latents, and the digest of their encoder;
- ``denoiser/reader/``: the checkpoint of its text encoder, which learns to read first.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from safetensors.torch import save
from torch import nn

from yuragi.errors import InputError
from yuragi.research.train.loop import steps_made

__all__ = [
    "ENCODER",
    "SCALING",
    "check_encoder",
    "decoder_folder",
    "encoder_digest",
    "forget",
    "tie",
]

SCALING = "scaling.json"
"""The file in a denoiser's run folder with the scaling factor of its latents."""

ENCODER = "encoder.txt"
"""The file in a denoiser's run folder with the digest of the encoder whose latents it learns."""


def encoder_digest(encoder: nn.Module) -> str:
    """A digest of the weights of an encoder."""
    weights = {name: x.cpu().contiguous() for name, x in encoder.state_dict().items()}
    return hashlib.blake2b(save(weights), digest_size=6).hexdigest()


def check_encoder(folder: Path, digest: str) -> None:
    """Refuse a denoiser that has learned the latents of another encoder.

    Runs that were begun before digests were kept have none, and are accepted.

    Args:
        folder: the run folder of the denoiser.
        digest: the digest of the encoder that is used with it.

    Raises:
        InputError: the encoder is another one.
    """
    known = folder / ENCODER
    if steps_made(folder) > 0 and known.exists() and known.read_text("utf-8") != digest:
        reason = f"the denoiser in {folder.name} was trained with another autoencoder"
        advice = f"bring that autoencoder back, or delete {folder.name} to train it again"
        raise InputError("runs", str(folder.parent), "", reason, advice)


def tie(folder: Path, digest: str) -> None:
    """Note the encoder whose latents the denoiser in a folder learns; see `check_encoder`.

    Raises:
        InputError: it has learned those of another encoder.
    """
    check_encoder(folder, digest)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ENCODER).write_text(digest, encoding="utf-8")


def decoder_folder(runs: Path, step: int) -> Path:
    """The folder in which the decoder is trained further after the autoencoder's last step."""
    return runs / "autoencoder" / f"decoder-step{step}"


def forget(runs: Path) -> None:
    """Delete what was made from the weights in the run folders, before others replace them."""
    made = ("autoencoder/decoder-step*", "autoencoder/latents-*", "denoiser/reader")
    for pattern in (*made, f"denoiser/{ENCODER}"):
        for found in list(runs.glob(pattern)):
            if found.is_dir():
                shutil.rmtree(found)
            else:
                found.unlink()
