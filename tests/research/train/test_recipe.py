"""The whole recipe in miniature: from drawings to a pipeline that diffusers opens."""

import shutil

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

import yuragi
from yuragi.errors import InputError
from yuragi.research.train.autoencoder import build_autoencoder, codec_psnr
from yuragi.research.train.cache import cached
from yuragi.research.train.config import read_recipe
from yuragi.research.train.folders import ENCODER
from yuragi.research.train.judge import Judge, accuracy, train_judge
from yuragi.research.train.loop import begin, load_averaged
from yuragi.research.train.packing import pack, unpack
from yuragi.research.train.portraits import ATTRIBUTES
from yuragi.research.train.recipe import (
    averaged_autoencoder,
    export_pipeline,
    import_pipeline,
    learnable,
    run_autoencoder,
    run_denoiser,
)

CPU = torch.device("cpu")


def nothing(*arguments):
    """No progress."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    recipe = read_recipe(None)
    small = {"steps": 3, "batch": 2, "warmup": 1}
    recipe = recipe.model_copy(
        update={
            "data": recipe.data.model_copy(update={"train": 6, "validation": 2}),
            "autoencoder": recipe.autoencoder.model_copy(update=small | {"channels": 8}),
            "denoiser": recipe.denoiser.model_copy(
                update=small | {"channels": (16, 16, 16), "text_width": 16}
            ),
            "decoder": recipe.decoder.model_copy(update=small),
            "reader": recipe.reader.model_copy(update=small),
            "judge": recipe.judge.model_copy(update=small),
        }
    )
    folder = tmp_path_factory.mktemp("train")
    runs, data = folder / "runs", folder / "data"
    decibels = run_autoencoder(recipe, runs, data, CPU, nothing, nothing)
    run_denoiser(recipe, runs, data, CPU, nothing, nothing)
    assert export_pipeline(recipe, runs, folder / "pipeline") == 3
    return recipe, folder, decibels


def test_diffusers_and_yuragi_open_it(trained):
    recipe, folder, _ = trained
    theirs = StableDiffusionPipeline.from_pretrained(folder / "pipeline", local_files_only=True)
    theirs.set_progress_bar_config(disable=True)
    assert theirs("red hair", num_inference_steps=2).images[0].size == (recipe.data.size,) * 2
    assert yuragi.load(folder / "pipeline").sample("red hair", num_inference_steps=2, seed=0).image


def test_weights_are_half_and_latents_have_unit_variance(trained):
    recipe, folder, _ = trained
    from safetensors import safe_open

    for file in (folder / "pipeline").rglob("*.safetensors"):
        with safe_open(file, framework="pt") as held:
            kinds = {held.get_slice(name).get_dtype() for name in held.keys()}  # noqa: SIM118
        assert kinds <= {"F16", "I64"}, file
    images, _ = cached("train", 6, folder / "data", size=recipe.data.size)
    model = yuragi.load(folder / "pipeline").loaded
    from yuragi.research.train.autoencoder import arrays_to_tensor

    latents = model.codec.encode(arrays_to_tensor(np.asarray(images)))
    assert latents.std().item() == pytest.approx(1, rel=0.05)


def test_psnr_is_the_definition(trained):
    recipe, folder, decibels = trained
    network, _ = averaged_autoencoder(recipe, folder / "runs")
    images, _ = cached("validation", 2, folder / "data", size=recipe.data.size)
    with torch.no_grad():
        x = torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float() / 127.5 - 1
        back = ((network.decoder(network.encoder(x)).clamp(-1, 1) + 1) * 127.5).round()
    errors = [(b.numpy() - i.transpose(2, 0, 1)) ** 2 for b, i in zip(back, images, strict=True)]
    expected = np.mean([10 * np.log10(255**2 / e.mean()) for e in errors])
    assert decibels == pytest.approx(expected, abs=1e-3)
    assert codec_psnr(network, np.asarray(images)) == pytest.approx(decibels, abs=1e-3)


def test_the_judge_counts_hits(trained):
    recipe, folder, _ = trained
    images, labels = cached("train", 6, folder / "data", size=recipe.data.size)
    judge = train_judge(images, labels, recipe.judge, folder / "runs" / "judge", CPU, nothing)
    assert isinstance(judge, Judge)

    class Knowing(torch.nn.Module):
        """Answers the first value always."""

        def __init__(self):
            super().__init__()
            self.p = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return {n: torch.eye(len(v))[:1].repeat(len(x), 1) for n, v in ATTRIBUTES.items()}

    from yuragi.research.train.autoencoder import arrays_to_tensor

    scores = accuracy(Knowing(), arrays_to_tensor(np.asarray(images)), labels)
    for name, values in ATTRIBUTES.items():
        assert scores[name] == pytest.approx(np.mean([row[name] == values[0] for row in labels]))


def test_an_exported_pipeline_can_be_trained_further(trained, tmp_path):
    recipe, folder, _ = trained
    import_pipeline(recipe, tmp_path, folder / "pipeline")
    ours, step = averaged_autoencoder(recipe, tmp_path)
    assert step == recipe.autoencoder.steps
    shipped = yuragi.load(folder / "pipeline", "cpu").loaded.pipeline
    for name, value in shipped.vae.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value)
    seen = []
    run_denoiser(recipe, tmp_path, folder / "data", CPU, nothing, lambda r: seen.append(r.step))
    assert seen == [3, 3]  # of the reader, and of the denoiser
    assert (tmp_path / "denoiser" / "reader").exists()  # imported text encoders learn to read too
    with pytest.raises(InputError, match="runs[: ]"):
        import_pipeline(recipe, tmp_path, folder / "pipeline")
    with pytest.raises(InputError, match="model[: ]"):
        import_pipeline(read_recipe(), tmp_path / "new", folder / "pipeline")


def test_a_decoder_is_trained_further_and_its_encoder_left_as_it_is(trained):
    recipe, folder, _ = trained
    ours, step = averaged_autoencoder(recipe, folder / "runs")
    first = build_autoencoder(recipe.autoencoder)
    assert load_averaged(first, folder / "runs" / "autoencoder") == step == 3
    for name, value in first.encoder.state_dict().items():
        assert torch.equal(ours.encoder.state_dict()[name], value)
    changed = [
        not torch.equal(ours.decoder.state_dict()[name], value)
        for name, value in first.decoder.state_dict().items()
    ]
    assert all(changed)


def test_a_pack_exports_the_same_pipeline(trained, tmp_path):
    recipe, folder, _ = trained
    pack(folder / "runs", tmp_path / "pack")
    unpack(tmp_path / "pack", tmp_path / "runs")
    assert export_pipeline(recipe, tmp_path / "runs", tmp_path / "pipeline") == 3
    for file in (folder / "pipeline").rglob("*.safetensors"):
        other = tmp_path / "pipeline" / file.relative_to(folder / "pipeline")
        assert other.read_bytes() == file.read_bytes(), file


@pytest.fixture
def other_encoder(trained, tmp_path):
    """The folder of the runs with another encoder at the same step."""
    recipe, folder, _ = trained
    runs = tmp_path / "runs"
    shutil.copytree(folder / "runs", runs)
    network, step = averaged_autoencoder(recipe, runs)
    network.encoder.layers[0].weight.data *= 2
    begin(network, recipe.autoencoder, runs / "autoencoder", step)
    return runs


def test_drawings_are_encoded_again_by_another_encoder_at_the_same_step(trained, other_encoder):
    """A denoiser must not learn from the latents of an encoder that was replaced."""
    recipe, folder, _ = trained
    shutil.rmtree(other_encoder / "denoiser")
    first, _ = learnable(recipe, folder / "runs", folder / "data", CPU, nothing)
    again, _ = learnable(recipe, other_encoder, folder / "data", CPU, nothing)
    assert not torch.equal(first.latents, again.latents)


def test_a_denoiser_stays_with_its_encoder(trained, other_encoder, tmp_path):
    recipe, folder, _ = trained
    words = "runs: the denoiser in denoiser was trained with another autoencoder"
    with pytest.raises(InputError, match=words):
        learnable(recipe, other_encoder, folder / "data", CPU, nothing)
    with pytest.raises(InputError, match=words):
        export_pipeline(recipe, other_encoder, tmp_path / "pipeline")
    assert not (tmp_path / "pipeline").exists()
    (other_encoder / "denoiser" / ENCODER).unlink()  # as in a run that was begun earlier
    assert export_pipeline(recipe, other_encoder, tmp_path / "pipeline") == 3


def test_steps_out_of_order_are_refused(trained, tmp_path):
    recipe, _, _ = trained
    with pytest.raises(InputError, match="yuragi train autoencoder"):
        averaged_autoencoder(recipe, tmp_path)
