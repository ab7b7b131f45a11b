"""What a request will need is known before it runs: evaluations by rehearsal, and their time."""

import sys
import time

import pytest
import torch
from PIL import Image, ImageDraw

from yuragi import InputError
from yuragi.device import free_memory
from yuragi.errors import OutOfMemoryError
from yuragi.tasks import estimate as estimating
from yuragi.tasks.build import build
from yuragi.tasks.estimate import Estimate
from yuragi.tasks.run import estimate, run
from yuragi.tasks.tasks import TASKS
from yuragi.tasks.work import Call, Work

pytestmark = pytest.mark.filterwarnings(
    "ignore:the guidance scale is not used", "ignore:the reconstruction is only"
)

STEPS = {"num_inference_steps": 6, "seed": 3}
TOLD = {"source_prompt": "a person with red hair", "prompt": "a person with black hair"}
REGION = [([(8, 8), (30, 8), (30, 30), (8, 30)], [(20, 8), (42, 8), (42, 30), (20, 30)])]
POINT = [((10, 24), (20, 24))]
DOUBTS = {"regions": REGION, "method": {"name": "warp", "doubt": 0}}
LORA = {"lora": {"rank": 2, "steps": 3}}
GAINS = [
    "reg",
    "reg_forward",
    "ratio",
    {"rule": {"name": "interval", "shares": (0.2, 0.6)}},
    "linear",
    "cosine",
    {"gain": {"name": "reg", "refresh": 4}},
    {"gain": {"name": "plain", "stress": True}},
]
CASES = {
    "sample": [
        {"prompt": "a person", "num_images": 11},
        {"prompt": "a person", "guidance_scale": 1.0},
        {"prompt": "a person", "solver": "heun"},
        {"prompt": "a person", "solver": "churn"},
        {"prompt": "a person", "timestep_spacing": "native", "solver": "ddim"},
        *({"prompt": "a person", "guidance": gain} for gain in GAINS),
    ],
    "inpaint": [
        {"mask": True, "prompt": "red hair", "num_images": 3},
        {"mask": True, "resample": 3},
        {"mask": True, "sampler": "ode", "solver": "heun"},
        {"mask": True, "sampler": "adaptive"},
        {"expand": (8, 0, 8, 0)},
    ],
    "sdedit": [{"prompt": "red hair"}, {"prompt": "red hair", "solver": "churn"}],
    "translate": [
        TOLD,
        TOLD | {"sampler": "ode", "source_guidance_scale": 2.0},
        TOLD | {"sampler": "adaptive", "encoder": "independent"},
    ],
    "diffedit": [TOLD | {"mask_samples": 3}, TOLD | {"sampler": "ode", "mask": True}],
    "invert": [
        {},
        {"sampler": "ode"},
        {"sampler": "adaptive", "guidance_scale": 2.0, "prompt": "red hair"},
    ],
    "drag": [
        {"points": POINT},
        DOUBTS,
        DOUBTS | {"num_images": 9, "prompt": "a person"},
        DOUBTS | LORA,
        {"points": POINT, "preset": "paper", "prompt": "a person"},
        {"points": POINT, "preset": "fast", "num_images": 2, "sampler": "ode"},
    ],
}


@pytest.fixture
def drawn():
    """A photograph-like picture: no even ground, so that points bend it."""
    torch.manual_seed(0)
    noise = (torch.rand(48, 64, 3) * 255).to(torch.uint8).numpy()
    return Image.fromarray(noise)


def built(task, picture, options):
    options = dict(options)
    if task != "sample":
        options["image"] = picture
    if options.pop("mask", False):
        mask = Image.new("L", picture.size)
        ImageDraw.Draw(mask).rectangle((8, 8, 40, 40), fill=255)
        options["mask"] = mask
    return build(TASKS[task], STEPS | options)


def test_every_task_is_estimated():
    assert set(CASES) == set(TASKS)


@pytest.mark.parametrize(
    ("task", "options"), [(task, options) for task in CASES for options in CASES[task]]
)
def test_the_estimate_is_what_is_counted(task, options, tiny, drawn, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    request, sources = built(task, drawn, options)
    expected = estimate(request, tiny.loaded, sources)
    result = run(request, tiny.loaded, sources)
    assert expected.evaluations == result.evaluations
    if options != {"points": POINT}:
        assert expected.evaluations > 0
    assert (expected.seconds > 0) == (expected.evaluations > 0)


def test_what_the_network_does_not_doubt_costs_less(tiny, drawn):
    """The one estimate that can be too high: only the network can tell what it doubts."""
    given = {"regions": REGION, "method": {"name": "warp", "doubt": 1e6}}
    request, sources = built("drag", drawn, given)
    expected = estimate(request, tiny.loaded, sources)
    assert run(request, tiny.loaded, sources).evaluations == 1
    assert expected.evaluations == 1 + 3  # without a prompt, both sides of guidance are one


def test_a_fitted_lora_is_not_fitted_again(tiny, drawn, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    request, sources = built("drag", drawn, DOUBTS | LORA)
    first = estimate(request, tiny.loaded, sources)
    run(request, tiny.loaded, sources)
    again = estimate(request, tiny.loaded, sources)
    assert first.evaluations - again.evaluations == 3
    assert run(request, tiny.loaded, sources).evaluations == again.evaluations


def test_a_weaker_model_is_counted(tiny, pipeline_folder):
    guidance = {"rule": {"name": "auto", "weak_model": str(pipeline_folder)}}
    request, sources = build(
        TASKS["sample"], {"prompt": "a person", "guidance": guidance, "model": str(pipeline_folder)}
    )
    expected = estimate(request, tiny.loaded, sources, tiny.loaded)
    result = run(request, tiny.loaded, sources, weak=tiny.loaded)
    assert expected.evaluations == result.evaluations == 40


def test_an_edit_of_a_crop_is_timed_at_the_size_of_the_crop(tiny, drawn, monkeypatch):
    sizes = []
    handle = tiny.loaded.network.register_forward_pre_hook(
        lambda module, given: sizes.append(tuple(given[0].shape[-2:]))
    )
    mask = Image.new("L", (640, 480))
    mask.paste(255, (200, 200, 240, 240))
    options = STEPS | {"image": drawn.resize((640, 480)), "mask": mask, "crop": "auto"}
    request, sources = build(TASKS["inpaint"], options)
    estimate(request, tiny.loaded, sources)
    handle.remove()
    assert sizes == [(32, 32)]


def test_a_run_is_told_its_estimate_before_it_starts(tiny):
    request, sources = build(TASKS["sample"], STEPS | {"prompt": "a person"})
    happened = []
    result = run(
        request,
        tiny.loaded,
        sources,
        lambda done, total: happened.append(done),
        on_estimate=happened.append,
    )
    assert isinstance(happened[0], Estimate)
    assert happened[1:] == [1, 2, 3, 4, 5, 6]
    assert happened[0].evaluations == result.evaluations  # what was timed is not charged


def test_only_long_runs_are_timed_more_than_once(tiny, monkeypatch):
    request, sources = build(TASKS["sample"], STEPS | {"prompt": "a person"})
    calls = []
    handle = tiny.loaded.network.register_forward_pre_hook(lambda *given: calls.append(1))
    estimate(request, tiny.loaded, sources)
    assert len(calls) == 1
    monkeypatch.setattr(estimating, "LONG", 0.0)
    estimate(request, tiny.loaded, sources)
    handle.remove()
    assert 3 <= len(calls) <= 1 + estimating.REPEATS + 1


def test_a_call_that_takes_seconds_is_timed_once(tiny, monkeypatch):
    request, sources = build(TASKS["sample"], STEPS | {"prompt": "a person"})
    monkeypatch.setattr(estimating, "LONG", 0.0)
    monkeypatch.setattr(estimating, "STEADY", 0.0)
    calls = []
    handle = tiny.loaded.network.register_forward_pre_hook(lambda *given: calls.append(1))
    estimate(request, tiny.loaded, sources)
    handle.remove()
    assert len(calls) == 1


def test_the_time_is_that_of_the_network(tiny):
    """A network that sleeps: 12 evaluations in 6 calls of 0.1 s."""
    request, sources = build(TASKS["sample"], STEPS | {"prompt": "a person"})
    handle = tiny.loaded.network.register_forward_pre_hook(lambda *given: time.sleep(0.1))
    found = estimate(request, tiny.loaded, sources)
    handle.remove()
    # Only a very busy machine needs four times as long for everything else.
    assert 0.6 < found.seconds < 3
    assert found.each == pytest.approx(found.seconds / 12)


def test_work_adds_and_multiplies():
    work = Work({Call(2): 3, Call(1, reverse=True): 1}) + Work({Call(2): 1}) * 2
    assert work.calls == {Call(2): 5, Call(1, reverse=True): 1}
    assert work.evaluations == 11


@pytest.mark.parametrize(
    ("evaluations", "seconds", "said"),
    [
        (400, 180.0, "About 3 minutes: 400 evaluations at 0.45 s each."),
        (1, 16.2, "About 16 seconds: 1 evaluation at 16 s each."),
        (12000, 5400.0, "About 1.5 hours: 12,000 evaluations at 0.45 s each."),
        (1000, 89.0, "About 89 seconds: 1,000 evaluations at 0.089 s each."),
        (1000, 1234.0, "About 21 minutes: 1,000 evaluations at 1.2 s each."),
    ],
)
def test_the_sentence(evaluations, seconds, said):
    assert str(Estimate(evaluations, seconds, (128, 128), 128)) == said


def test_python_asks_with_the_keywords_of_a_method(tiny, drawn):
    options = TOLD | STEPS | {"image": drawn, "resize": 32}
    assert tiny.estimate("translate", **options).evaluations == (
        tiny.translate(**options).evaluations
    )
    with pytest.raises(InputError, match="task"):
        tiny.estimate("paint")
    with pytest.raises(InputError, match="strenght"):
        tiny.estimate("translate", **options, strenght=1)


def test_what_cannot_fit_in_memory_is_refused_before_it_runs(tiny, drawn, monkeypatch):
    """Linux ends a program that takes too much, so that there would be no error."""
    options = STEPS | {"image": drawn.resize((256, 128)), "prompt": "red hair", "num_images": 3}
    request, sources = build(TASKS["sdedit"], options)
    channels = tiny.loaded.codec.autoencoder.config.block_out_channels[1]
    needed = 3 * 2 * channels * 4 * 256 * 128
    calls = []
    handle = tiny.loaded.network.register_forward_pre_hook(lambda *given: calls.append(1))
    monkeypatch.setattr("yuragi.device.free_memory", lambda device: needed - 1)
    for act in (run, estimate):
        with pytest.raises(OutOfMemoryError, match="GB are needed and .* are free; .*resize"):
            act(request, tiny.loaded, sources)
    assert not calls
    monkeypatch.setattr("yuragi.device.free_memory", lambda device: needed)
    run(request, tiny.loaded, sources)
    handle.remove()
    assert calls


def test_free_memory_is_what_linux_tells():
    if sys.platform != "linux":
        assert free_memory(torch.device("cpu")) is None
    else:
        assert 1e6 < free_memory(torch.device("cpu")) < 1e15
    assert free_memory(torch.device("meta")) is None


def test_the_command_line_says_what_is_long(cli, pipeline_folder, monkeypatch):
    asked = ["sample", "--model", pipeline_folder, "--prompt", "a person", "--steps", 3]
    _, _, err = cli(*asked, "-o", "short.png")
    assert "About" not in err
    monkeypatch.setattr(estimating, "LONG", 1e-4)
    _, out, err = cli(*asked, "-o", "long.png")
    assert out == "long.png\n"
    assert "About 0 seconds: 6 evaluations at" in err
    _, _, err = cli("replay", "long.png")
    assert "About 0 seconds: 6 evaluations at" in err
    _, _, err = cli("replay", "long.png", "-q")
    assert "About" not in err
