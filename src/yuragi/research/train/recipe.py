"""The steps of the recipe, each resumable: draw, autoencoder, latents, denoiser, pipeline."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean

import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline
from safetensors.torch import load_file
from torch import Tensor

from yuragi.errors import InputError
from yuragi.models.vocabulary import WORDS
from yuragi.research.files import save_whole
from yuragi.research.train.autoencoder import (
    arrays_to_tensor,
    build_autoencoder,
    codec_psnr,
    train_autoencoder,
    train_decoder,
)
from yuragi.research.train.cache import cached, name_of
from yuragi.research.train.config import Recipe
from yuragi.research.train.denoiser import begin_denoiser, encode_all, train_denoiser
from yuragi.research.train.examples import Examples, captioned
from yuragi.research.train.folders import (
    SCALING,
    check_encoder,
    decoder_folder,
    encoder_digest,
    forget,
    tie,
)
from yuragi.research.train.judge import accuracy, train_judge, write_judge
from yuragi.research.train.loop import CHECKPOINT, Report, begin, load_averaged, place
from yuragi.research.train.networks import TextToLatent, assemble, build_tokenizer
from yuragi.research.train.portraits import ATTRIBUTES, Labels

__all__ = [
    "averaged_autoencoder",
    "export_pipeline",
    "import_pipeline",
    "learnable",
    "run_autoencoder",
    "run_denoiser",
    "run_judge",
]

Progress = Callable[[int, int], None]


def run_autoencoder(
    recipe: Recipe,
    runs: Path,
    data: Path,
    device: torch.device,
    on_draw: Progress,
    on_report: Callable[[Report], None],
) -> float:
    """Train the autoencoder in ``runs/autoencoder``; return its validation PSNR in dB."""
    images, _ = cached("train", recipe.data.train, data, on_draw, size=recipe.data.size)
    held_out, _ = cached("validation", recipe.data.validation, data, on_draw, size=recipe.data.size)
    config = recipe.autoencoder
    network = train_autoencoder(images, config, runs / "autoencoder", device, on_report)
    folder = decoder_folder(runs, config.steps)
    train_decoder(network, images, config, recipe.decoder, folder, device, on_report)
    return codec_psnr(network, held_out)


def averaged_autoencoder(recipe: Recipe, runs: Path) -> tuple[AutoencoderTiny, int]:
    """The averaged (EMA) autoencoder of a run folder, finished or not, and its step.

    Raises:
        InputError: the folder holds no autoencoder.
    """
    network = build_autoencoder(recipe.autoencoder)
    try:
        step = load_averaged(network, runs / "autoencoder")
        if (decoder_folder(runs, step) / CHECKPOINT).exists():
            load_averaged(network.decoder, decoder_folder(runs, step))
    except FileNotFoundError as error:
        allowed = "a folder with a trained autoencoder (yuragi train autoencoder)"
        raise InputError("runs", str(runs), allowed) from error
    return network, step


def _latents(
    recipe: Recipe, runs: Path, data: Path, device: torch.device, on_progress: Progress
) -> tuple[Tensor, float]:
    """Cached latents of the training split, scaled to unit variance, and the scaling factor.

    Raises:
        InputError: the denoiser of ``runs`` has learned the latents of another encoder.
    """
    network, _ = averaged_autoencoder(recipe, runs)
    encoder = encoder_digest(network.encoder)
    tie(runs / "denoiser", encoder)
    drawings = name_of("train", recipe.data.train, recipe.data.size)
    path = runs / "autoencoder" / f"latents-{drawings}-{encoder}.safetensors"
    if not path.exists():
        images, _ = cached("train", recipe.data.train, data, size=recipe.data.size)
        save_whole({"latents": encode_all(place(network, device), images, on_progress)}, path)
    latents = load_file(path)["latents"]
    factor = 1 / float(latents[:512].float().std())
    return latents * factor, factor


def learnable(
    recipe: Recipe, runs: Path, data: Path, device: torch.device, on_progress: Progress
) -> tuple[Examples, Sequence[Labels]]:
    """The examples for the denoiser, encoded by the autoencoder of ``runs``, and the labels.

    The scaling factor of the latents and the digest of their encoder are written to the denoiser's
    run folder.

    Raises:
        InputError: the denoiser there has learned the latents of another encoder.
    """
    latents, factor = _latents(recipe, runs, data, device, on_progress)
    (runs / "denoiser" / SCALING).write_text(json.dumps({"scaling_factor": factor}))
    _, labels = cached("train", recipe.data.train, data, size=recipe.data.size)
    tokens = captioned(labels, recipe.denoiser.seed, on_progress)
    return Examples(latents, tokens), labels


def run_denoiser(
    recipe: Recipe,
    runs: Path,
    data: Path,
    device: torch.device,
    on_encode: Progress,
    on_report: Callable[[Report], None],
) -> None:
    """Train text encoder and UNet in ``runs/denoiser``, with the autoencoder of ``runs``.

    Raises:
        InputError: there is no autoencoder, or the denoiser has learned the latents of another one.
    """
    examples, labels = learnable(recipe, runs, data, device, on_encode)
    config, folder = recipe.denoiser, runs / "denoiser"
    network = begin_denoiser(examples, labels, config, recipe.reader, folder, device, on_report)
    train_denoiser(network, examples, config, folder, device, on_report)


def run_judge(
    recipe: Recipe,
    runs: Path,
    data: Path,
    device: torch.device,
    output: Path | None,
    on_draw: Progress,
    on_report: Callable[[Report], None],
) -> float:
    """Train the judge in ``runs/judge``; return the share of validation labels that it sees."""
    images, labels = cached("train", recipe.data.train, data, on_draw, size=recipe.data.size)
    held_out, truth = cached(
        "validation", recipe.data.validation, data, on_draw, size=recipe.data.size
    )
    judge = train_judge(images, labels, recipe.judge, runs / "judge", device, on_report)
    if output is not None:
        write_judge(judge, output)
    return fmean(accuracy(judge, arrays_to_tensor(held_out), truth).values())


def export_pipeline(recipe: Recipe, runs: Path, folder: Path) -> int:
    """Write the trained parts as a `StableDiffusionPipeline` directory in half precision.

    The words that the model knows are written to the same folder, by kind.

    Returns:
        the denoiser's step.

    Raises:
        InputError: the folder holds no trained denoiser, or one of another autoencoder.
    """
    autoencoder, _ = averaged_autoencoder(recipe, runs)
    check_encoder(runs / "denoiser", encoder_digest(autoencoder.encoder))
    tokenizer = build_tokenizer()
    network = TextToLatent(recipe.denoiser, len(tokenizer), recipe.latent)
    try:
        step = load_averaged(network, runs / "denoiser")
        scaling = json.loads((runs / "denoiser" / SCALING).read_text())
    except FileNotFoundError as error:
        allowed = "a folder with a trained denoiser (yuragi train denoiser)"
        raise InputError("runs", str(runs), allowed) from error
    autoencoder.register_to_config(**scaling)
    pipeline = assemble(autoencoder, network, tokenizer)
    pipeline.to(dtype=torch.float16)
    pipeline.save_pretrained(folder)
    # transformers would load half-precision weights in half precision, diffusers in single
    # precision. This makes a plain `from_pretrained(folder)` consistent.
    _edit(folder / "text_encoder" / "config.json", {"dtype": "float32"})
    # This name of the class works in every version of transformers, not only in the installed one.
    _edit(folder / "model_index.json", {"tokenizer": ["transformers", "PreTrainedTokenizerFast"]})
    kinds = {name.replace("_", " "): values for name, values in ATTRIBUTES.items()}
    (folder / WORDS).write_text(json.dumps(kinds, indent=2) + "\n", encoding="utf-8")
    return step


def import_pipeline(recipe: Recipe, runs: Path, folder: Path) -> None:
    """Start run folders with the parts of an exported pipeline, to train it further.

    The autoencoder counts as finished. The denoiser starts a new schedule at step 0, and its text
    encoder first learns to read again.

    Raises:
        InputError: the folder is not such a pipeline, its sizes differ from the recipe's, or the
            run folders are in use.
    """
    allowed = "a pipeline that this recipe exported"
    network = TextToLatent(recipe.denoiser, len(build_tokenizer()), recipe.latent)
    autoencoder = build_autoencoder(recipe.autoencoder)
    try:
        pipeline = StableDiffusionPipeline.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, local_files_only=True
        )
        autoencoder.load_state_dict(pipeline.vae.state_dict())
        network.unet.load_state_dict(pipeline.unet.state_dict())
        network.text_encoder.load_state_dict(pipeline.text_encoder.state_dict())
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError("model", str(folder), allowed) from error
    if any((runs / part / CHECKPOINT).exists() for part in ("autoencoder", "denoiser")):
        raise InputError("runs", str(runs), "a folder without runs in it")
    forget(runs)
    made = recipe.autoencoder.steps
    begin(autoencoder, recipe.autoencoder, runs / "autoencoder", made)
    begin(autoencoder.decoder, recipe.decoder, decoder_folder(runs, made), recipe.decoder.steps)
    begin(network, recipe.denoiser, runs / "denoiser", 0)


def _edit(path: Path, changes: dict[str, object]) -> None:
    held = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(held | changes, indent=2) + "\n", encoding="utf-8")
