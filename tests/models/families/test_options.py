"""Compiled and offloaded networks, tiles, too little memory, too large pictures."""

import pytest
import torch
from accelerate import cpu_offload
from PIL import Image
from tiny_pipelines import build

import yuragi
from promises import assert_equal_to_rounding
from yuragi import Guidance
from yuragi.errors import InputError, OutOfMemoryError, YuragiError
from yuragi.models import names as models
from yuragi.models.load import _check_offload, load_diffusers
from yuragi.models.opening import Opening

SETTINGS = {"num_inference_steps": 6, "seed": 1}


@pytest.fixture
def folder(tmp_path):
    build("sd1").save_pretrained(tmp_path / "sd1")
    return tmp_path / "sd1"


@pytest.mark.parametrize("gain", ["plain", "reg_forward", "ratio"])
def test_a_compiled_network_is_one_graph_for_all_steps(gain, monkeypatch):
    """No break and no new graph while the loop runs; the back end is not the point."""
    pipeline = build("sd1")
    plain = yuragi.load(pipeline).sample(
        "a red cat", guidance=Guidance(gain=gain), solver="sde-dpm++2m", **SETTINGS
    )
    graphs = []

    def counting(graph, inputs):
        graphs.append(graph)
        return graph.forward

    torch.compiler.reset()
    pipeline.unet.compile(fullgraph=True, dynamic=False, backend=counting)
    model = yuragi.load(pipeline)
    made = model.sample("a red cat", guidance=Guidance(gain=gain), solver="sde-dpm++2m", **SETTINGS)
    # A gain that adds probes on some evaluations runs batches of other sizes there.
    assert 1 <= len(graphs) <= (1 if gain == "plain" else 3)
    assert_equal_to_rounding(made.image, plain.image)
    before = len(graphs)
    model.sample("a dog", guidance=Guidance(gain=gain), solver="sde-dpm++2m", **SETTINGS)
    assert len(graphs) == before
    torch.compiler.reset()


def test_compile_is_asked_for(folder, monkeypatch):
    asked = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, **how: asked.append((self, how)))
    model = yuragi.load(folder, "cpu", compile=True)
    assert asked == [(model.loaded.network, {"fullgraph": True})]


def test_an_offloaded_network_runs_where_its_hooks_say(folder):
    """Weights rest elsewhere (on no device at all, between calls)."""
    expected = yuragi.load(build("sd1")).sample("a red cat", **SETTINGS)
    pipeline = build("sd1")
    for part in (pipeline.unet, pipeline.text_encoder, pipeline.vae):
        cpu_offload(part, torch.device("cpu"))
    assert next(pipeline.unet.parameters()).device.type == "meta"
    model = yuragi.load(pipeline)
    assert model.loaded.device.type == "cpu"
    assert_equal_to_rounding(model.sample("a red cat", **SETTINGS).image, expected.image)
    scene = Image.new("RGB", (48, 40), "blue")
    model.drag(scene, points=[((16, 20), (24, 20))], **SETTINGS)


def test_there_is_nothing_to_offload_from_on_a_cpu(folder, cli):
    with pytest.raises(InputError, match="offload.*None on a CPU"):
        yuragi.load(folder, "cpu", offload="model")
    drawing = ["sample", "--prompt", "a cat", "--device", "cpu", "-o", "o"]
    code, _, err = cli("--offload", "sequential", *drawing)
    assert (code, err.splitlines()[-1][:31]) == (2, "error: --offload must be None o")
    with pytest.raises(InputError, match="offload.*'model' or 'sequential'"):
        yuragi.load(folder, "cpu", offload="disk")
    code, _, err = cli("--offload", "disk", *drawing)
    assert code == 2
    assert "'model' or 'sequential'" in err


def test_what_is_offloaded_is_not_compiled():
    both = Opening(offload="model", compile=True)
    with pytest.raises(InputError, match="None with compile"):
        _check_offload(both, torch.device("cuda"))


def test_a_weaker_model_is_opened_like_the_strong_one(folder, monkeypatch):
    strong = load_diffusers(folder, Opening(device="cpu", offline=True, vae_tiling=True))
    asked = []
    monkeypatch.setattr(models, "load_model", lambda name, opening: asked.append(opening))
    models.load_weak("owner/weak", strong)
    (opening,) = asked
    assert opening.offline
    assert opening.vae_tiling
    assert opening.dtype == "float32"


def test_the_autoencoder_works_in_tiles(folder):
    model = yuragi.load(folder, "cpu", vae_tiling=True)
    vae = model.loaded.pipeline.vae
    assert vae.use_tiling
    assert vae.use_slicing
    assert model.sample("a red cat", **SETTINGS).image.size == (64, 64)


def test_an_object_is_opened_already():
    for option in (
        {"offload": "model"},
        {"vae_tiling": True},
        {"compile": True},
        {"offline": True},
        {"allow_pickle": True},
        {"config": "folder"},
    ):
        with pytest.raises(InputError, match="stays as it is"):
            yuragi.load(build("sd1"), **option)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried ..."),
        RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB)"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
    ],
)
def test_too_little_memory_says_what_takes_less(error, cli, folder, monkeypatch):
    pipeline = build("sd1")

    def full(*arguments, **keywords):
        raise error

    model = yuragi.load(pipeline)
    monkeypatch.setattr(type(pipeline.unet), "forward", full)
    with pytest.raises(OutOfMemoryError, match="out of memory on cpu.*dtype.*vae_tiling.*offload"):
        model.sample("a red cat", **SETTINGS)
    code, out, err = cli("sample", "--prompt", "a cat", "--model", folder, "-o", "out")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("error: out of memory on ")


def test_other_failures_stay_what_they_are(monkeypatch):
    pipeline = build("sd1")

    def broken(*arguments, **keywords):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(type(pipeline.unet), "forward", broken)
    with pytest.raises(RuntimeError, match="shapes do not match") as caught:
        yuragi.load(pipeline).sample("a red cat", **SETTINGS)
    assert not isinstance(caught.value, YuragiError)


@pytest.mark.parametrize("size", [{"width": 64, "height": 32}, {"width": 32}])
def test_only_squares_are_drawn_by_a_network_of_squares(size):
    model = yuragi.load(build("dit"))
    with pytest.raises(InputError, match="^height.*the width: .*squares only"):
        model.sample("1", **size, **SETTINGS)
    assert model.sample("1", width=32, height=32, **SETTINGS).image.size == (32, 32)


def test_a_picture_beyond_the_networks_places_is_refused():
    model = yuragi.load(build("sd3"))
    large = Image.new("RGB", (200, 100), "blue")
    with pytest.raises(InputError, match=r"size.*at most 192 pixels.*resize"):
        model.sdedit(large, prompt="a red cat", **SETTINGS)
    assert model.sdedit(large, prompt="a red cat", resize=64, **SETTINGS).image.size == (64, 32)
