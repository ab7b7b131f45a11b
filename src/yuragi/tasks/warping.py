"""Run drags by one warp, and generate the uncovered area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from yuragi.core import SeededNoise
from yuragi.drag import (
    Ground,
    Hold,
    Warped,
    bend,
    bent,
    doubtful,
    flow_of,
    moving,
    reach_of,
    reached,
    thing,
    warp,
)
from yuragi.edit import Edit, climbs, descent, everything, watch
from yuragi.errors import InputError
from yuragi.guidance import Stress
from yuragi.images.tensors import mask_tensor, to_tensor
from yuragi.sample import Manipulation
from yuragi.tasks.context import Context, Row, Ticker, batches, mask_cells, one_or_each
from yuragi.tasks.drag import DragRequest, WarpMethod
from yuragi.tasks.foreign import foreign
from yuragi.tasks.picture import picture_of
from yuragi.tasks.result import TaskOutput
from yuragi.tasks.samplers import redrawing
from yuragi.tasks.sides import gain_of, guided
from yuragi.tasks.uncovered import Part, Uncovered, uncovered
from yuragi.tasks.work import Work, rehearsed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from yuragi.drag import RegionPair

__all__ = [
    "area_of",
    "bent_alone",
    "cut_out",
    "preview",
    "run_warp",
    "warp_work",
    "warped_around",
    "warped_by",
    "warped_in",
    "warped_part",
]


@dataclass(frozen=True)
class _Held:
    """A picture to drag.

    Attributes:
        before: the picture.
        image: the warped picture.
        uncovered: the network's input for it; None if nothing is uncovered.
        familiarity: how well the model knows the picture; None if nothing is uncovered.
    """

    before: Image.Image
    image: Image.Image
    uncovered: Uncovered | None
    familiarity: float | None = None

    @property
    def imagined(self) -> Uncovered | None:
        """What the network generates: the uncovered area, if the model knows the picture."""
        return None if foreign(self.familiarity) else self.uncovered


@dataclass(frozen=True)
class _Drawn:
    """The network's result for a row.

    Attributes:
        image: the picture.
        stress: the stress of the run.
        place: the index of the row in that run; None if no cell was doubtful.
    """

    image: Image.Image
    stress: Stress
    place: int | None


def run_warp(
    requests: Sequence[DragRequest], method: WarpMethod, context: Context
) -> list[TaskOutput]:
    """Generate the candidates of similar drags.

    The frames are the picture before, the warp, and the first result.

    Raises:
        InputError: a picture was not given.
    """
    first = requests[0]
    held = [_held(each, context) for each in requests]
    rows = [Row(of, each, k) for of, each in enumerate(requests) for k in range(each.num_images)]
    # If nothing is uncovered, there is nothing to generate, and no network runs. In a picture that
    # the model does not know, it would generate content that does not belong there.
    sizes: dict[torch.Size, list[tuple[Row[DragRequest], Uncovered]]] = {}
    for row in rows:
        if (shown := held[row.of].imagined) is not None:
            sizes.setdefault(shown.seen.shape, []).append((row, shown))
    parts = [part for alike in sizes.values() for part in batches(alike)]
    tick = context.ticker(len(parts) * climbs(first.num_inference_steps, first.strength))
    found: dict[tuple[int, int], _Drawn] = {}
    for part in parts:
        drawn = _drawn_anew(part, method.doubt, context, tick)
        found |= {(row.of, row.sample): one for (row, _), one in zip(part, drawn, strict=True)}
    made = [
        replace(TaskOutput.begun(gain_of(each.guidance).cost), familiarity=one.familiarity)
        for each, one in zip(requests, held, strict=True)
    ]
    for row in rows:
        alone = _Drawn(held[row.of].image, Stress(), None)
        drawn_row = found.get((row.of, row.sample), alone)
        made[row.of] = made[row.of].with_image(drawn_row.image, drawn_row.stress, drawn_row.place)
    return [
        replace(
            one,
            frames=[each.before, each.image, one.images[0]],
            crop=None if each.imagined is None else each.imagined.crop,
        )
        for each, one in zip(held, made, strict=True)
    ]


def _held(request: DragRequest, context: Context) -> _Held:
    """The warped picture of a request."""
    model, before = context.model, context.picture(request.image)
    part = warped_in(context, request, model.device)
    if part.warped.uncovers:
        shown = uncovered(request, before, part, model.native_size)
        return _Held(before, shown.image, shown, context.familiarity(request.image))
    return _Held(before, part.pasted(before, part.warped.picture), None)


def area_of(request: DragRequest, context: Context) -> NDArray[np.bool_] | None:
    """The result of `cut_out`, found once for the estimate, the run and the scores of a drag."""
    key = request.model_dump_json()
    if key not in context.areas:
        picture, held = context.picture(request.image), _mask(request, context)
        context.areas[key] = cut_out(request, picture, held)
    return context.areas[key]


def _mask(request: DragRequest, context: Context) -> Image.Image | None:
    return None if request.mask is None else context.picture(request.mask)


def _drawn_anew(
    part: Sequence[tuple[Row[DragRequest], Uncovered]],
    doubt: float,
    context: Context,
    tick: Ticker,
) -> list[_Drawn]:
    """The network's results for rows with inputs of one size.

    Rows without doubtful cells keep their warp and take no part in the run.
    """
    height, width = part[0][1].seen.shape[-2:]
    context = context.at(height, width)
    model, first = context.model, part[0][0].request
    down = descent(model.denoiser.schedule, first.num_inference_steps, first.strength)
    shown_of = {row.of: shown for row, shown in part}  # the candidates of a drag share it
    encoded = {of: model.codec.encode(shown.seen) for of, shown in shown_of.items()}
    z = torch.cat([encoded[row.of] for row, _ in part])
    cells = _doubted(part, z, doubt, context)
    doubted = [k for k in range(len(part)) if bool(cells[k].any())]
    stress, images = Stress(), z[:0]
    if doubted:
        rows = [part[k][0] for k in doubted]

        def redrawn() -> Sequence[Tensor]:
            stress, watched = Stress(), watch(tick)
            again = _redrawn(rows, z[doubted], cells[doubted], down, context, stress, watched)
            return [again, *stress.readings]

        with context.charge(*(row.of for row in rows)):
            again, *readings = context.kept(tick, redrawn)
        stress = Stress.of(readings)
        images = model.codec.decode(again, height, width)
    else:
        tick.skip(len(down) - 1)
    made = []
    for k, (_, shown) in enumerate(part):
        place = doubted.index(k) if k in doubted else None
        image = shown.image
        if place is not None:
            image = shown.imagined(images[place, None], cells[k, None], model.codec.cell)
        made.append(_Drawn(image, stress, place))
    return made


def _doubted(
    part: Sequence[tuple[Row[DragRequest], Uncovered]], z: Tensor, doubt: float, context: Context
) -> Tensor:
    """The doubtful uncovered cells, [b, 1, h, w] of 0 and 1."""
    rows = [row for row, _ in part]
    noise = SeededNoise(
        [row.request.seed for row in rows], [row.sample for row in rows], stream="doubt"
    )
    strong = context.bind(one_or_each([row.request.prompt for row in rows]))
    vacated = mask_cells(torch.cat([shown.vacated for _, shown in part]).to(z), context.model)
    with context.charge(*(row.of for row in rows)):
        return doubtful(strong, z, vacated, noise, doubt)


def _redrawn(
    part: Sequence[Row[DragRequest]],
    z: Tensor,
    cells: Tensor | None,
    down: Tensor,
    context: Context,
    stress: Stress,
    watched: Manipulation,
) -> Tensor:
    """The latents of some rows with these cells generated again; None for all cells."""
    first = part[0].request
    denoiser = guided(
        first, context, one_or_each([row.request.prompt for row in part]), down, stress
    )
    seeds, samples = [row.request.seed for row in part], [row.sample for row in part]
    return Edit(denoiser, denoiser, redrawing(first))(z, down, seeds, samples, cells, watched)


def warp_work(request: DragRequest, context: Context) -> Work:
    """The network calls of a drag: none if it bends the picture, or the model does not know it.

    Otherwise this is the maximum, because only the network itself can tell which uncovered cells
    are doubtful and are generated again.
    """
    if area_of(request, context) is None:
        return Work()
    if foreign(context.familiarity(request.image)):
        return Work()
    schedule = context.model.denoiser.schedule
    down = descent(schedule, request.num_inference_steps, request.strength)

    def act(part: Sequence[Row[DragRequest]], z: Tensor, counted: Context) -> Tensor:
        counted.bind([request.prompt])(z, down[0])  # finds doubtful cells
        return _redrawn(part, z, None, down, counted, Stress(), everything)

    return rehearsed(request, request.num_images, context, act)


def preview(
    request: DragRequest, picture: Image.Image, mask: Image.Image | None = None
) -> Image.Image:
    """The warp of a drag with the method warp, without running a network.

    Holes are closed as in the drag itself. At 1920 x 1080 it takes about 40 ms on one core for a
    region of 0.5 % of the picture, 70 ms for 3 % and 100 ms for 10 %.
    """
    part = warped_part(request, picture, mask)
    return part.pasted(picture, part.warped.picture)


def bent_alone(request: DragRequest, sources: Mapping[str, Image.Image]) -> TaskOutput | None:
    """The output of a drag that bends its picture, which needs no network; None if it cuts.

    Args:
        request: the request with points and regions.
        sources: the input pictures by digest.

    Raises:
        InputError: a picture was not given, or a thing should be cut out and nothing says where it
            ends.
    """
    before = picture_of(request.image, sources)
    held = None if request.mask is None else picture_of(request.mask, sources)
    if cut_out(request, before, held) is not None:
        return None
    part = warped_around(request, before, held, None, torch.device("cpu"))
    image = part.pasted(before, part.warped.picture)
    begun = TaskOutput.begun(gain_of(request.guidance).cost)
    return replace(begun, images=[image], frames=[before, image, image])


def cut_out(
    request: DragRequest, before: Image.Image, held: Image.Image | None
) -> NDArray[np.bool_] | None:
    """The area [h, w] that a drag cuts out and moves; None if it bends the picture instead.

    Args:
        request: the request with points and regions.
        before: the picture.
        held: the mask of the picture, white where it can change.

    Raises:
        InputError: a thing should be cut out, and nothing says where it ends.
    """
    if request.motion == "bend":
        return None
    area = moving(before, request.points, _polygons(request), held)
    if request.regions:
        return area
    # One point does not say whether the whole thing should move, or only the part under it.
    vague = held is None and len(request.points) == 1 and request.motion == "auto"
    ground = Ground(before, area)
    if ground.is_even and not (vague and ground.holds):
        return area
    if request.motion == "auto":
        return None
    if held is None:
        reason = "nothing says where the thing under the points ends, as it lies on uneven ground"
        raise InputError("motion", "cut", "cut together with a mask or a region", reason)
    forward = flow_of([(target, source) for source, target in request.points])
    return thing(before, request.points, forward, held)


def _polygons(request: DragRequest) -> Sequence[RegionPair]:
    return [(region.source, region.target) for region in request.regions]


def warped_part(
    request: DragRequest,
    before: Image.Image,
    held: Image.Image | None,
) -> Part:
    """The part of a picture that a drag changes, warped without running a network.

    Regions, things on even ground, and things that the request says to cut out are moved as they
    are, which uncovers what was behind them. Any other picture is bent smoothly, which uncovers
    nothing.

    Args:
        request: the request with points and regions.
        before: the picture.
        held: the mask of the picture, white where it can change.
    """
    return warped_around(request, before, held, cut_out(request, before, held), torch.device("cpu"))


def warped_in(context: Context, request: DragRequest, device: torch.device) -> Part:
    """Like `warped_part`, for the pictures of a context, on a device."""
    picture, held = context.picture(request.image), _mask(request, context)
    return warped_around(request, picture, held, area_of(request, context), device)


def warped_around(
    request: DragRequest,
    before: Image.Image,
    held: Image.Image | None,
    area: NDArray[np.bool_] | None,
    device: torch.device,
) -> Part:
    """Like `warped_part`, on a device, for an area [h, w] that `cut_out` has found."""
    box = (0, 0, *before.size)
    if area is not None:
        flow = flow_of(request.points, _polygons(request))
        rows, columns = (
            _wider(each, length)
            for each, length in zip(reached(area, flow), area.shape, strict=True)
        )
        box = (columns.start, rows.start, columns.stop, rows.stop)
        area = area[rows, columns]
    pixels = to_tensor(before.crop(box)).to(device)
    mask = None if held is None else mask_tensor(held.crop(box)).to(device)
    if area is not None:
        corner = np.array(box[:2])
        return Part(box, warp(pixels, area, lambda at: flow(at + corner) - corner, mask), mask)
    reach = request.radius or reach_of(request.points, before.size)
    may = None if held is None else Hold(np.asarray(held) > 0, reach)
    return Part(box, bent(pixels, bend(request.points, reach, request.rigid, may), mask), mask)


def _wider(inner: slice, length: int) -> slice:
    """The slice extended by its own length on both sides; the added content fills it."""
    own = inner.stop - inner.start
    return slice(max(inner.start - own, 0), min(inner.stop + own, length))


def warped_by(request: DragRequest, before: Image.Image, held: Image.Image | None) -> Warped:
    """The warp of a whole picture for a request; the arguments are those of `warped_part`."""
    return warped_part(request, before, held).whole(before)
