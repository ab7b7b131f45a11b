"""`yuragi measure`: figures for folders of pictures, each with n, backend, seeds and interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yuragi.cli.files import check_output, check_report
from yuragi.cli.loading import device_of, opening_on
from yuragi.cli.options import DeviceOption, JsonOption, OverwriteOption, ReportOption
from yuragi.cli.progress import progress
from yuragi.errors import InputError

if TYPE_CHECKING:
    import torch

    from yuragi.research.measure.folder import Pictures
    from yuragi.research.metrics.figure import Figure

__all__ = ["app"]

app = typer.Typer(help="Measure folders of pictures (extra: metrics).", no_args_is_help=True)

Real = Annotated[Path, typer.Argument(help="Folder with real pictures.")]
Folders = Annotated[list[Path], typer.Argument(help="Folders with pictures to measure.")]
FeaturesOption = Annotated[
    str,
    typer.Option(
        help="Feature extractor: efflite0, inception:FILE, dinov2:PATH, clip:PATH or fashion:FILE.",
        metavar="NAME[:WHERE]",
    ),
]
DrawsOption = Annotated[
    int, typer.Option(help="Random halves of the pictures for the intervals.", min=30)
]


@app.command()
def sets(
    real: Real,
    folders: Folders,
    features: FeaturesOption = "efflite0",
    draws: DrawsOption = 100,
    output: ReportOption = Path("out/measure-sets.json"),
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Measure Frechet and kernel distance, precision, recall, density, coverage, Vendi (and IS)."""
    from yuragi.research.measure.folder import Pictures
    from yuragi.research.measure.sets import set_figures
    from yuragi.research.metrics.backends import encode_all, open_backend

    check_report("output", output)
    known, every = Pictures(real, "real"), _pictures(folders)
    place = device_of(device)
    backend = open_backend(features, place)
    found: dict[str, Sequence[Figure]] = {}
    with progress("measuring") as on_folder:
        true = encode_all(backend, known.batches())
        for done, pictures in enumerate(every, 1):
            on_folder(done, 1 + len(every))
            seen = encode_all(backend, pictures.batches())
            figures = set_figures(backend, seen, true, pictures.first_seeds, draws)
            found[str(pictures.folder)] = figures
        on_folder(1 + len(every), 1 + len(every))
    _finish("measure sets", found, output, place, json)


@app.command()
def pairs(
    truth: Annotated[Path, typer.Argument(help="Folder with counterparts of the same names.")],
    folders: Folders,
    lpips: Annotated[
        list[str] | None,
        typer.Option(
            help="Also measure published LPIPS, with torchvision's weights of its network: "
            "alex:FILE or vgg:FILE; can be given several times.",
            metavar="NET:FILE",
        ),
    ] = None,
    output: ReportOption = Path("out/measure-pairs.json"),
    json: JsonOption = False,
) -> None:
    """Measure PSNR, SSIM and perceptual distances to the picture of the same name."""
    import torch

    from yuragi.research.measure.folder import Pictures
    from yuragi.research.measure.pairs import pair_figures
    from yuragi.research.metrics.hed_lpips import load_hed_lpips
    from yuragi.research.metrics.published_lpips import open_all

    check_report("output", output)
    true, every = Pictures(truth, "truth"), _pictures(folders)
    perceptual = [load_hed_lpips(), *open_all(lpips or ())]
    found = {str(pictures.folder): pair_figures(pictures, true, perceptual) for pictures in every}
    _finish("measure pairs", found, output, torch.device("cpu"), json)


@app.command()
def texts(
    folders: Folders,
    clip: Annotated[
        str, typer.Option(help="CLIP model: a folder, or a name on the hub.", metavar="PATH|NAME")
    ],
    texts: Annotated[
        Path | None,
        typer.Option(
            help="JSON file with the texts by file name; by default the prompts in the pictures."
        ),
    ] = None,
    output: ReportOption = Path("out/measure-texts.json"),
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Measure how well pictures match their texts by CLIP, from 0 to 100."""
    from yuragi.research.measure.folder import read_texts
    from yuragi.research.measure.pairs import Texts, text_figure
    from yuragi.research.metrics.transformers_features import open_text_image

    check_report("output", output)
    every, place = _pictures(folders), device_of(device)
    told = None if texts is None else read_texts(texts)
    score = open_text_image(clip, place)
    found = {}
    for pictures in every:
        known = Texts(pictures.texts if told is None else told, score, f"clip:{Path(clip).name}")
        found[str(pictures.folder)] = [text_figure(pictures, known)]
    _finish("measure texts", found, output, place, json)


@app.command()
def drags(
    folders: Folders,
    features: Annotated[
        str, typer.Option(help="Model whose features locate the content.", metavar="NAME|PATH")
    ] = "portraits",
    output: ReportOption = Path("out/measure-drags.json"),
    device: DeviceOption = None,
    json: JsonOption = False,
) -> None:
    """Measure how far dragged content is from its targets in results of `yuragi drag` (pixels)."""
    from yuragi.models.dift import DIFT
    from yuragi.models.names import load_model
    from yuragi.research.measure.pairs import drag_figure

    check_report("output", output)
    every, opening = _pictures(folders), opening_on(device)
    try:
        loaded = load_model(features, opening)
    except InputError as error:
        raise error.called("features") from error
    seen = DIFT(loaded)
    name = f"DIFT of {Path(features).name}, t {seen.time:g}"
    found = {str(each.folder): [drag_figure(each, seen, name)] for each in every}
    _finish("measure drags", found, output, device_of(device), json)


@app.command()
def statistics(
    sources: Annotated[
        list[Path],
        typer.Argument(help="Folders of pictures, or files that this command wrote for shards."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File for the statistics (.safetensors).")
    ],
    features: FeaturesOption = "efflite0",
    device: DeviceOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Write mean and covariance of features to a file that merges with those of other workers."""
    from yuragi.cli.answer import answer
    from yuragi.research.measure.shards import gathered
    from yuragi.research.metrics.backends import open_backend

    check_output("output", output, sources, overwrite, (".safetensors",))
    with progress("measuring") as on_source:
        found = gathered(sources, lambda: open_backend(features, device_of(device)), on_source)
    found.save(output)
    told = {"n": found.whole.count, "backend": found.backend, "files": [output]}
    answer(json, told, f"{output}: {found.whole.count} pictures by {found.backend}")


@app.command()
def distance(
    real: Annotated[Path, typer.Argument(help="File from `statistics` for real pictures.")],
    files: Annotated[list[Path], typer.Argument(help="Files from `statistics` to measure.")],
    seeds: Annotated[str, typer.Option(help="Seeds of the measured pictures.")] = "unknown",
    output: ReportOption = Path("out/measure-distance.json"),
    json: JsonOption = False,
) -> None:
    """Measure the Frechet distance to real pictures from statistics, without the pictures."""
    import torch

    from yuragi.research.measure.shards import distance_figure
    from yuragi.research.metrics.moments import Statistics

    check_report("output", output)
    true, every = Statistics.read(real, "real"), [Statistics.read(each, "files") for each in files]
    found = {
        str(path): [distance_figure(measured, true, seeds)]
        for path, measured in zip(files, every, strict=True)
    }
    _finish("measure distance", found, output, torch.device("cpu"), json)


def _pictures(folders: Sequence[Path]) -> list[Pictures]:
    """All folders, which are checked before anything is measured."""
    from yuragi.research.measure.folder import Pictures

    return [Pictures(folder, "folders") for folder in folders]


def _finish(
    name: str,
    found: Mapping[str, Sequence[Figure]],
    output: Path,
    device: torch.device,
    json_line: bool,
) -> None:
    """Write the report, and print each figure on a line, or everything as one line of JSON."""
    from yuragi.cli.answer import answer
    from yuragi.research.bench.report import frame, write_report

    n = min(figure.n for figures in found.values() for figure in figures)
    told = {each: [figure.as_dict() for figure in figures] for each, figures in found.items()}
    report = frame(name, device, [], n) | {"figures": told}  # the figures tell their own seeds
    write_report(report, output)
    lines = [f"{each}: {figure}" for each, figures in found.items() for figure in figures]
    answer(json_line, report | {"files": [str(output)]}, *lines, output)
