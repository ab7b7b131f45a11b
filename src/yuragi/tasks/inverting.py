r"""Run inversions: reconstruct a picture, and measure the error at every level.

At every level of the way down, the state is compared with the recorded path:

    curve_k = rms(x_k - path_k)

in units of the latent (about 1 for most models). The last value is the error of the latent. The
decoded result is compared with the encoded and decoded picture, which excludes the loss of the
codec.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from yuragi.edit import Edit, descent
from yuragi.errors import warn_caller
from yuragi.guidance import Stress
from yuragi.images.tensors import from_tensor, to_tensor
from yuragi.tasks.context import Context, Row, Ticker
from yuragi.tasks.invert import InvertRequest
from yuragi.tasks.result import Reconstruction, TaskOutput
from yuragi.tasks.sides import gain_of, guided
from yuragi.tasks.tape import Tape
from yuragi.tasks.work import Work, rehearsed

__all__ = ["invert_work", "run_inverts"]

BAD = 25.0
"""The PSNR in dB below which a difference of pictures is visible."""


def run_inverts(requests: Sequence[InvertRequest], context: Context) -> list[TaskOutput]:
    """Reconstruct the pictures of similar requests, with a warning if one is poor.

    Raises:
        InputError: a picture was not given.
    """
    first = requests[0]
    down = descent(context.model.denoiser.schedule, first.num_inference_steps, first.strength)
    steps = (len(down) - 1) * first.make_sampler().passes
    tick = context.ticker(len(requests) * steps)
    return [_inverted(each, down, context, of, tick) for of, each in enumerate(requests)]


def _inverted(
    request: InvertRequest, down: Tensor, context: Context, of: int, tick: Ticker
) -> TaskOutput:
    """Reconstruct the picture of a request; `of` is its index, to which evaluations are charged."""
    model, before = context.model, context.picture(request.image)
    x0 = model.codec.encode(to_tensor(before).to(model.device))
    sampler = request.make_sampler()
    steps, tape, stress = len(down) - 1, Tape(), Stress()
    edit = _edit(request, down, tape.under(context), stress)
    with context.charge(of):
        rising = edit.rising(x0, down, request.seed, [0])
        # A way up without a network is cheap to make again.
        evaluates = sampler.passes == 2
        path = [next(rising), *(tape.states(rising, steps, tick, context) if evaluates else rising)]
        falling = edit.falling(path, down, request.seed, [0])
        found = tape.states(falling, steps, tick, context)
    curve = torch.stack(
        [(x - there).square().mean().sqrt() for x, there in zip(found, path[-2::-1], strict=True)]
    )
    after, alone = (
        from_tensor(model.codec.decode(latents, before.height, before.width))[0]
        for latents in (found[-1], x0)
    )
    held = Reconstruction(psnr(after, alone), psnr(alone, before), curve.tolist())
    said = []
    if held.psnr < BAD:
        said.append(
            f"the reconstruction is only {held.psnr:.1f} dB: take more steps, or a lower scale; "
            "if that does not help, the model's prediction type may be another one"
        )
        warn_caller(said[0])
    return replace(
        TaskOutput.begun(gain_of(request.guidance).cost).with_image(after, stress, 0),
        reconstruction=held,
        warnings=said,
        familiarity=context.familiarity(request.image),
    )


def invert_work(request: InvertRequest, context: Context) -> Work:
    """The network calls of an inversion."""
    schedule = context.model.denoiser.schedule
    down = descent(schedule, request.num_inference_steps, request.strength)

    def act(part: Sequence[Row[InvertRequest]], x0: Tensor, counted: Context) -> Tensor:
        return _edit(request, down, counted, Stress())(x0, down, request.seed, [0])

    return rehearsed(request, 1, context, act)


def _edit(request: InvertRequest, down: Tensor, context: Context, stress: Stress) -> Edit:
    # Two denoisers: one for the way up and the reference of its path, and one for the way down,
    # which is gauged.
    source, target = (
        guided(request, context, [request.prompt], down, gauge) for gauge in (Stress(), stress)
    )
    return Edit(source, target, request.make_sampler())


def psnr(first: Image.Image, second: Image.Image) -> float:
    """The peak signal-to-noise ratio of two RGB pictures of one size, in dB; inf if equal."""
    error = np.square(np.asarray(first, np.float64) - np.asarray(second, np.float64)).mean()
    return float(10 * np.log10(255**2 / error)) if error else float("inf")
