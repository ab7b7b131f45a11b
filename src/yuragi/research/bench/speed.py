r"""How fast a model runs in Yuragi, and how much time is spent outside the network.

Arms, all with the same prompt and seed:

- ``diffusers``: the pipeline's own call with DDIM and guidance, as the reference;
- ``sample``: the same picture sampled by Yuragi;
- ``drag fast`` and ``drag warp``: drags of one picture;
- ``drag warp x8``: eight candidates in which the model draws all that is uncovered, ranked;
- ``lora``: fitting a LoRA to a picture before it is dragged; its overhead is the backward pass;
- ``preview``: the warp alone at 512 x 512, without the network.

Each arm is run once cold and then several times warm, and medians are reported. ``overhead`` is the
wall time divided by the time within the network. ``peak`` is the memory on top of the weights,
relative to that of ``diffusers`` at the same batch. ``encodes``, ``decodes`` and ``texts`` count
the passes of the autoencoder and the text encoder.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import torch
from diffusers import DDIMScheduler
from PIL import Image

from yuragi.device import wait_for
from yuragi.images.tensors import to_tensor
from yuragi.models.model import DiffusionModel
from yuragi.models.names import load_model
from yuragi.models.opening import Opening
from yuragi.research.bench.memory import peak_memory
from yuragi.research.bench.report import frame
from yuragi.tasks.build import build
from yuragi.tasks.drag import DragRequest, LoRA, WarpMethod
from yuragi.tasks.lora_fit import with_fitted_lora
from yuragi.tasks.run import run
from yuragi.tasks.sample import SampleRequest
from yuragi.tasks.warping import preview

__all__ = ["bench_speed"]

STEPS, SCALE, CANDIDATES = 20, 3.0, 8
PREVIEW = 512
DRAWN = 256
MOVED = (((150, 48), (110, 60)), ((150, 230), (140, 230)))
"""The points of the README's drag, in a picture with the side `DRAWN`."""

Arm: TypeAlias = Callable[[], object]


@dataclass
class _Spent:
    """Time and calls of the modules while they were watched."""

    network: float = 0.0
    evaluations: int = 0
    encodes: int = 0
    decodes: int = 0
    texts: int = 0


def bench_speed(
    model: str,
    repeats: int,
    device: torch.device,
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """Measure a model.

    Args:
        model: name or path.
        repeats: the number of warm runs of every arm.
        device: where to run.
        on_done: called with (arms done, arms in total).
    """
    loaded = load_model(model, Opening(device=str(device)))
    arms = _arms(model, loaded)
    rows: dict[str, dict[str, Any]] = {}
    for done, (name, arm) in enumerate(arms.items(), 1):
        rows[name] = _measured(loaded, arm, repeats)
        on_done(done, len(arms))
    for name, row in rows.items():
        like = "diffusers x8" if name.endswith("x8") else "diffusers"
        if row["evaluations"] and rows[like]["peak_mib"]:
            row["peak"] = row["peak_mib"] / rows[like]["peak_mib"]
    size = loaded.native_size
    return frame("speed", device, [0], repeats) | {
        "model": Path(model).name,
        "weights": loaded.weights,
        "dtype": str(loaded.dtype).removeprefix("torch."),
        "size": [size, size],
        "steps": STEPS,
        "parameters": sum(each.numel() for each in loaded.network.parameters()),
        "rows": rows,
    }


def _arms(name: str, model: DiffusionModel) -> Mapping[str, Arm]:
    side = model.native_size
    picture, large = _picture(side), _picture(PREVIEW)
    pipeline = model.pipeline
    own = DDIMScheduler.from_config(pipeline.scheduler.config, timestep_spacing="trailing")

    def sampled(count: int) -> Arm:
        request, _ = build(
            SampleRequest,
            {
                "model": name,
                "prompt": "a person",
                "num_images": count,
                "num_inference_steps": STEPS,
                "guidance_scale": SCALE,
                "solver": "ddim",
                "eta": 0.0,
                "seed": 0,
            },
        )
        return lambda: run(request, model, {})

    def diffusers(count: int) -> Arm:
        def call() -> object:
            held, pipeline.scheduler = pipeline.scheduler, own
            try:
                return pipeline(
                    ["a person"] * count,
                    num_inference_steps=STEPS,
                    guidance_scale=SCALE,
                    generator=torch.Generator().manual_seed(0),
                )
            finally:
                pipeline.scheduler = held

        return call

    def dragged(preset: str) -> Arm:
        request, given = _drag(name, picture, preset, 1)
        return lambda: run(request, model, given)

    def learned() -> None:
        request, _ = _drag(name, picture, "paper", 1)
        z = model.codec.encode(to_tensor(picture).to(model.device))
        with TemporaryDirectory() as folder:
            file = Path(folder) / "lora.safetensors"
            with with_fitted_lora(request, LoRA(), model, z, file, lambda step: None):
                pass

    several, sources = _drag(name, picture, "warp", CANDIDATES)
    # With the default doubt, the model would draw nothing, and all candidates would be equal.
    all_drawn = several.model_copy(update={"method": WarpMethod(doubt=0.0)})
    seen, _ = _drag(name, large, "warp", 1)
    pipeline.set_progress_bar_config(disable=True)
    return {
        "diffusers": diffusers(1),
        "diffusers x8": diffusers(CANDIDATES),
        "sample": sampled(1),
        "sample x8": sampled(CANDIDATES),
        "drag fast": dragged("fast"),
        "drag warp": dragged("warp"),
        "drag warp x8": lambda: run(all_drawn, model, sources),
        "lora": learned,
        "preview": lambda: preview(seen, large),
    }


def _drag(name: str, picture: Image.Image, preset: str, count: int) -> Any:
    """The first drag of the README, which cuts out the figure and uncovers background."""
    scale = picture.width / DRAWN
    return build(
        DragRequest,
        {
            "model": name,
            "image": picture,
            "points": [[(x * scale, y * scale) for x, y in pair] for pair in MOVED],
            "prompt": "a person",
            "num_images": count,
            "preset": preset,
            "seed": 0,
        },
    )


def _picture(side: int) -> Image.Image:
    """A drawn head that ships with the package and that the model `portraits` knows."""
    with as_file(files("yuragi") / "assets" / "examples" / "portrait-4.png") as path:
        return Image.open(path).convert("RGB").resize((side, side))


def _measured(model: DiffusionModel, arm: Arm, repeats: int) -> dict[str, Any]:
    """The measurements of one cold run and the warm runs after it."""
    walls: list[float] = []
    spent: list[_Spent] = []
    with peak_memory(model.device) as peak:
        for _ in range(1 + repeats):
            with _watched(model) as counts:
                wait_for(model.device)
                began = time.perf_counter()
                arm()
                wait_for(model.device)
                walls.append(time.perf_counter() - began)
            spent.append(counts)
    seconds, last = statistics.median(walls[1:]), spent[-1]
    row = {
        "seconds": seconds,
        "first_seconds": walls[0],
        "evaluations": last.evaluations,
        "peak_mib": peak.mib,
        "encodes": last.encodes,
        "decodes": last.decodes,
        "texts": last.texts,
    }
    if last.evaluations:
        network = statistics.median(counts.network for counts in spent[1:])
        ratios = [wall / each.network for wall, each in zip(walls[1:], spent[1:], strict=True)]
        row |= {
            "network_seconds": network,
            "evaluations_per_second": last.evaluations / network,
            "overhead": statistics.median(ratios),
        }
    return row


@contextlib.contextmanager
def _watched(model: DiffusionModel) -> Iterator[_Spent]:
    """Count the calls of the model's modules, and time the network."""
    spent, began = _Spent(), [0.0]
    pipeline = model.pipeline

    def enter(module: Any, given: Any) -> None:
        wait_for(model.device)
        began[0] = time.perf_counter()

    def leave(module: Any, given: Any, out: Any) -> None:
        wait_for(model.device)
        spent.network += time.perf_counter() - began[0]
        spent.evaluations += len(given[0])

    def counting(name: str) -> Callable[[Any, Any, Any], None]:
        def count(module: Any, given: Any, out: Any) -> None:
            setattr(spent, name, getattr(spent, name) + 1)

        return count

    hooks = [
        model.network.register_forward_pre_hook(enter),
        model.network.register_forward_hook(leave),
        pipeline.vae.encoder.register_forward_hook(counting("encodes")),
        pipeline.vae.decoder.register_forward_hook(counting("decodes")),
        pipeline.text_encoder.register_forward_hook(counting("texts")),
    ]
    try:
        yield spent
    finally:
        for hook in hooks:
            hook.remove()
