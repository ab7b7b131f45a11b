"""Reconstructions of real photographs after encoding to noise, by encoder and number of steps.

The photographs come with scikit-image (CC0 and public domain) and scikit-learn (CC BY). They go
through a model's codec, and its latents go up to noise and back down. A model of other pictures
(the shipped one knows drawings) is a hard case for the ODE, whose way back relies on the network,
but not for the encoders that record a path. ``codec`` is the PSNR of the codec alone. The PSNR of
each row is against the codec's output, so that the codec's own loss does not count; 60 dB means
equal.
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
    """The centre squares of photographs by name, at `size` x `size` pixels.

    Raises:
        MissingExtraError: the extra ``metrics`` is not installed.
    """
    return {name: centred(picture, size) for name, picture in originals().items()}


def originals() -> dict[str, Image.Image]:
    """The same photographs at their original size.

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
        size: the side of the photographs, in pixels.
        seed: the seed of the noise.
        device: where to run.
        on_done: called with (reconstructions done, reconstructions in total).

    Returns:
        a report: rows by encoder and steps, with the PSNR in dB of each photograph and its mean.
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
                    warnings.simplefilter("ignore")  # the report shows bad reconstructions
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
