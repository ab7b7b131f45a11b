"""Run requests, for every caller."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import chain

import torch
from PIL import Image
from torch import Tensor

from yuragi import __version__
from yuragi.core import NOISE_VERSION
from yuragi.device import enough_memory, name_of
from yuragi.errors import warn_caller
from yuragi.models.model import DiffusionModel
from yuragi.models.names import with_version
from yuragi.tasks.base import Request
from yuragi.tasks.context import BATCH, Context, Keep, Progress, made_now
from yuragi.tasks.cropping import Cropping, cropping_of, recorded, uncropped
from yuragi.tasks.estimate import Estimate, estimate_of
from yuragi.tasks.foreign import foreign_notes
from yuragi.tasks.record import Origin
from yuragi.tasks.result import Result, TaskOutput
from yuragi.tasks.words import check_words

__all__ = ["OnEstimate", "Progress", "estimate", "evaluations", "run", "run_all"]

OnEstimate = Callable[[Estimate], None]
"""A function called with the estimated time of requests that share batches, before they run."""


@dataclass(frozen=True)
class _Setting:
    """The settings that all requests of one call share.

    Attributes:
        model: the model of the requests.
        weak: the weaker model of autoguidance, if any.
        sources: the pictures of the requests by digest.
        on_progress: a function called after every solver step with (steps done, total steps).
        latents: the start noise of the caller, if any.
        keep: keeps batches of pictures and steps of drags.
        known: the familiarity of pictures by digest; running adds to it.
    """

    model: DiffusionModel
    weak: DiffusionModel | None
    sources: Mapping[str, Image.Image]
    on_progress: Progress = lambda done, total: None
    latents: Tensor | None = None
    keep: Keep = made_now
    known: dict[str, float | None] = field(default_factory=dict)


def run(
    request: Request,
    model: DiffusionModel,
    sources: Mapping[str, Image.Image],
    on_progress: Progress = lambda done, total: None,
    latents: Tensor | None = None,
    weak: DiffusionModel | None = None,
    on_estimate: OnEstimate | None = None,
    keep: Keep = made_now,
) -> Result:
    """Run one request; raises the errors of `run_all`.

    Args:
        request: the complete request; see `yuragi.tasks.base`.
        model: the loaded model of the request.
        sources: the input pictures by digest.
        on_progress: a function called after every solver step with (steps done, total steps).
        latents: the start noise [num_images, c, h, w] of a sample request that refers to it.
        weak: the loaded weaker model of autoguidance, if the request has one.
        on_estimate: a function called with how long the request will take, before it runs.
        keep: keeps batches of pictures and steps of drags, so that a run that is interrupted can go
            on; see `yuragi.tasks.context`.
    """
    return run_all([request], model, sources, on_progress, latents, weak, on_estimate, keep)[0]


def estimate(
    request: Request,
    model: DiffusionModel,
    sources: Mapping[str, Image.Image],
    weak: DiffusionModel | None = None,
) -> Estimate:
    """Estimate how long a request would take on this machine; this costs a few evaluations.

    The arguments and errors are those of `run`.
    """
    check_words(request, model)
    (cut,), named, _ = _cropped([request], model, sources)
    context = _context(cut, _Setting(model, weak, named))
    with enough_memory(model.device, _needed(cut, model)):
        return estimate_of([cut], context)


def evaluations(
    request: Request,
    model: DiffusionModel,
    sources: Mapping[str, Image.Image],
    weak: DiffusionModel | None = None,
) -> int:
    """The network evaluations that a request would make, counted by a rehearsal.

    The arguments and errors are those of `run`.
    """
    check_words(request, model)
    (cut,), named, _ = _cropped([request], model, sources)
    return cut.work(_context(cut, _Setting(model, weak, named))).evaluations


def run_all(
    requests: Sequence[Request],
    model: DiffusionModel,
    sources: Mapping[str, Image.Image],
    on_progress: Progress = lambda done, total: None,
    latents: Tensor | None = None,
    weak: DiffusionModel | None = None,
    on_estimate: OnEstimate | None = None,
    keep: Keep = made_now,
) -> list[Result]:
    """Run requests of one model. Similar requests share batches.

    Each result equals that of its request alone, up to rounding. Edits of a large picture with a
    mask work on a part of it; see `yuragi.tasks.cropping`.

    Args:
        requests: the complete requests; see `yuragi.tasks.base`.
        model: the loaded model of the requests.
        sources: the input pictures by digest.
        on_progress: a function called after every solver step with (steps done, total steps) of the
            requests that share batches.
        latents: the start noise [num_images, c, h, w] of sample requests that refer to it.
        weak: the loaded weaker model of autoguidance, if the requests have one.
        on_estimate: a function called with how long requests will take, before those that share
            batches run; it costs a few evaluations.
        keep: keeps batches of pictures and steps of drags.

    Raises:
        InputError: a value does not fit the model or the pictures, or a prompt has no word that the
            model knows. It is raised before the model runs, except where DiffEdit, with the model,
            finds nothing to change.
        OutOfMemoryError: the device does not have enough memory.
    """
    for request in requests:
        check_words(request, model)
    worked, parts, croppings = _cropped(requests, model, sources)
    setting = _Setting(model, weak, parts, on_progress, latents, keep)
    results = _run_all(worked, setting, on_estimate)
    return [
        result if cropping is None else cropping.put_back(result)
        for result, cropping in zip(results, croppings, strict=True)
    ]


def _cropped(
    requests: Sequence[Request], model: DiffusionModel, sources: Mapping[str, Image.Image]
) -> tuple[list[Request], dict[str, Image.Image], list[Cropping | None]]:
    """The requests after cropping, all pictures by digest, and the croppings."""
    croppings = [cropping_of(request, model.native_size, sources) for request in requests]
    worked, parts = list[Request](), dict(sources)
    for request, cropping in zip(requests, croppings, strict=True):
        cut, named = (uncropped(request), {}) if cropping is None else cropping.cut()
        worked.append(cut)
        parts |= named
    return worked, parts, croppings


def _run_all(
    requests: Sequence[Request], setting: _Setting, on_estimate: OnEstimate | None
) -> list[Result]:
    """The results of requests that are already cropped."""
    groups: dict[Hashable, list[int]] = {}
    for number, request in enumerate(requests):
        groups.setdefault(request.alike(setting.model), []).append(number)
    results: dict[int, Result] = {}
    for numbers in groups.values():
        alike = [requests[number] for number in numbers]
        made = _group(alike, setting, on_estimate)
        results |= dict(zip(numbers, made, strict=True))
    return [results[number] for number in range(len(requests))]


def _group(
    alike: Sequence[Request], setting: _Setting, on_estimate: OnEstimate | None
) -> list[Result]:
    """Run requests that share batches, and add to the known familiarity of pictures."""
    model = setting.model
    unused = [request.unused(model) for request in alike]
    for sentence in dict.fromkeys(chain.from_iterable(unused)):
        warn_caller(sentence)
    context = _context(alike[0], setting)
    with enough_memory(model.device, _needed(alike[0], model)):
        if on_estimate is not None:
            on_estimate(estimate_of(alike, context))
        made = type(alike[0]).run(alike, context)
    strange = [
        foreign_notes(request, one.familiarity, model)
        for request, one in zip(alike, made, strict=True)
    ]
    for sentence in dict.fromkeys(chain.from_iterable(strange)):
        warn_caller(sentence)
    origin = _origin(context.model, context.weak)
    return [
        _result(
            request,
            replace(one, warnings=[*before, *one.warnings, *after]),
            context.spent.get(of, 0.0),
            origin,
            context.model,
            setting.sources,
        )
        for of, (request, one, before, after) in enumerate(
            zip(alike, made, unused, strange, strict=True)
        )
    ]


def _context(request: Request, setting: _Setting) -> Context:
    """The context of requests that share batches with this one."""
    model, evaluations = _counting(request, setting.model)
    counters, weak = [evaluations], setting.weak
    if weak is not None:
        weak, evaluations = _counting(request, weak)
        counters.append(evaluations)
    return Context(
        model,
        weak,
        setting.sources,
        setting.on_progress,
        lambda: sum(each() for each in counters),
        setting.latents,
        known=setting.known,
        keep=setting.keep,
    )


def _needed(request: Request, model: DiffusionModel) -> int:
    """The smallest memory for a request in bytes: that for decoding a batch of its pictures."""
    height, width = (each or model.native_size for each in request.seen(model.native_size))
    pictures = min(getattr(request, "num_images", 1), BATCH)
    return pictures * model.codec.least_memory(height, width)


def _counting(request: Request, model: DiffusionModel) -> tuple[DiffusionModel, Callable[[], int]]:
    """The model for the size of its input, and a function that returns its evaluations."""
    height, width = request.seen(model.native_size)
    at = model.at(height or model.native_size, width or model.native_size)
    counted, counter = at.counting()
    return counted, lambda: counter.evaluations


def _result(
    request: Request,
    made: TaskOutput,
    spent: float,
    origin: Origin,
    model: DiffusionModel,
    sources: Mapping[str, Image.Image],
) -> Result:
    named = {ref.digest for ref in request.pictures}
    told = request.model_copy(update={"model": with_version(request.model, model.weights)})
    return Result(
        **vars(made),
        request=recorded(told, made.crop),
        evaluations=round(spent),
        origin=origin,
        sources={key: picture for key, picture in sources.items() if key in named},
    )


def _origin(model: DiffusionModel, weak: DiffusionModel | None) -> Origin:
    dtype = str(model.dtype).removeprefix("torch.")
    weak_weights = "" if weak is None else weak.weights
    return Origin(
        __version__,
        torch.__version__,
        name_of(model.device),
        dtype,
        model.weights,
        NOISE_VERSION,
        weak_weights,
        model.card,
        version("diffusers"),
    )
