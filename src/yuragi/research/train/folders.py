"""The run folders of the portrait model, and what in them belongs to which weights.

- ``autoencoder/``: its checkpoint;
- ``autoencoder/decoder-step<n>/``: the checkpoint of its decoder, trained further after step n;
- ``autoencoder/latents-*``: drawings, encoded by the encoder whose digest is in the name;
- ``denoiser/``: its checkpoint, and the scaling factor of its latents;
- ``denoiser/reader/``: the checkpoint of its text encoder, which learns to read first.
"""

from __future__ import annotations

import shutil
from pathlib import Path

__all__ = ["SCALING", "decoder_folder", "forget"]

SCALING = "scaling.json"
"""The file in a denoiser's run folder with the scaling factor of its latents."""


def decoder_folder(runs: Path, step: int) -> Path:
    """The folder in which the decoder is trained further after the autoencoder's last step."""
    return runs / "autoencoder" / f"decoder-step{step}"


def forget(runs: Path) -> None:
    """Delete what was made from the weights in the run folders, before others replace them."""
    for pattern in ("autoencoder/decoder-step*", "autoencoder/latents-*", "denoiser/reader"):
        for found in list(runs.glob(pattern)):
            if found.is_dir():
                shutil.rmtree(found)
            else:
                found.unlink()
