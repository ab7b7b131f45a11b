"""Real photographs up in noise and down again: what comes back, by encoder and steps.

The photographs come with scikit-image (CC0 and public domain) and scikit-learn (CC BY). They go
through a model's codec, and up and down in its latents; a model of other pictures (the shipped one
knows drawings) is a hard case for the ODE, whose way back trusts the network, and none for the
encoders that record a path. ``codec`` is what the codec alone gives back of the photograph; each
row's PSNR is against that, so that the codec's own loss does not count; 60 dB stands for equal.
"""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from PIL import Image

from yuragi.errors import missing_extra
from yuragi.images.resize import centred
from yuragi.model import load
from yuragi.research.bench.report import frame
from yuragi.research.metrics.paired import EQUAL

__all__ = ["ENCODERS", "STEPS", "bench_photos", "originals", "photographs"]

ENCODERS: Mapping[str, tuple[Literal["sde", "ode"], Literal["chain", "independent"]]] = {
    "Cycle-SDE": ("sde", "chain"),
    "edit-friendly": ("sde", "independent"),
    "ODE inversion": ("ode", "chain"),
}
STEPS = (10, 25, 50, 100)


def photographs(size: int) -> dict[str, Image.Image]:
    """Photographs by name, their middle square at `size` x `size` pixels.

    Raises:
        MissingExtraError: the extra ``metrics`` is not installed.
    """
    return {name: centred(picture, size) for name, picture in originals().items()}


def originals() -> dict[str, Image.Image]:
    """The same photographs as they are.

    Raises:
        MissingExtraError: the extra ``metrics`` is not installed.
    """
    try:
        from skimage import data
        from sklearn.datasets import load_sample_image
    except ImportError as error:
        raise missing_extra("photographs", "metrics") from error
    found = {name: getattr(data, name)() for name in ("astronaut", "chelsea", "coffee", "rocket")}
    found |= {name: load_sample_image(f"{name}.jpg") for name in ("china", "flower")}
    return {name: Image.fromarray(pixels).convert("RGB") for name, pixels in found.items()}


def bench_photos(
    model: str,
    size: int,
    seed: int,
    device: torch.device,
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """Reconstruct every photograph with every encoder and number of steps.

    Args:
        model: name or path.
        size: side of the photographs, pixels.
        seed: of the noise.
        device: where to run.
        on_done: told (reconstructions done, in all).

    Returns:
        a report: rows by encoder and steps with PSNR in dB by photograph and in the mean.
    """
    loaded = load(model, str(device))
    found = photographs(size)
    total = len(found) * len(ENCODERS) * len(STEPS)
    rows: list[dict[str, Any]] = []
    codec: dict[str, float] = {}
    done = 0
    for name, (sampler, encoder) in ENCODERS.items():
        for steps in STEPS:
            psnr: dict[str, float] = {}
            for photo, picture in found.items():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # that it is bad is what the report says
                    made = loaded.invert(
                        picture,
                        sampler=sampler,
                        encoder=encoder,
                        num_inference_steps=steps,
                        seed=seed,
                    ).reconstruction
                assert made is not None
                psnr[photo] = min(made.psnr, EQUAL)
                codec[photo] = made.codec_psnr
                done += 1
                on_done(done, total)
            rows.append(
                {"encoder": name, "steps": steps, "psnr": psnr}
                | {"mean": statistics.fmean(psnr.values())}
            )
    return frame("photos", device, [seed], len(found)) | {
        "model": model,
        "weights": loaded.loaded.weights,
        "size": size,
        "codec": codec,
        "rows": rows,
    }
