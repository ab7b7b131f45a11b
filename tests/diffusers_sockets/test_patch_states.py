"""A patched pipeline in every state that a network can be in, and that state afterwards."""

import contextlib
import itertools

import numpy as np
import pytest
import torch
from tiny_pipelines import build

from yuragi import Guidance
from yuragi.diffusers import patch

RULE = Guidance(gain="reg_forward")
OTHER = Guidance(gain="ratio")


def picture(pipeline):
    noise = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    return pipeline(
        "a red cat",
        latents=noise.to(pipeline.unet.dtype),
        width=64,
        height=64,
        num_inference_steps=2,
        guidance_scale=4.0,
        output_type="np",
    ).images[0]


def hooked(pipeline):
    """With a hook that changes what goes in."""
    pipeline.unet.register_forward_pre_hook(lambda module, given: (1.0 * given[0], *given[1:]))


def overridden(pipeline):
    """With a forward of the user's own on the object."""
    own = pipeline.unet.forward
    pipeline.unet.forward = lambda *given, **named: own(*given, **named)


def compiled(pipeline):
    pipeline.unet = torch.compile(pipeline.unet, backend="eager")


STATES = {
    "plain": lambda pipeline: None,
    "hooked": hooked,
    "overridden": overridden,
    "offloaded": lambda pipeline: pipeline.enable_model_cpu_offload(device="cpu"),
    "compiled": compiled,
    "compiled in place": lambda pipeline: pipeline.unet.compile(backend="eager"),
}


@pytest.fixture(scope="module")
def expected():
    """Of an ordinary pipeline: without a patch, and with each."""
    pipeline = build("sd1")
    found = [picture(pipeline)]
    for rule in (RULE, OTHER):
        with patch(pipeline, rule):
            found.append(picture(pipeline))
    assert min(np.abs(a - b).max() for a, b in itertools.combinations(found, 2)) > 1e-3
    return found


@pytest.fixture(params=STATES, scope="module")
def pipeline(request):
    torch.compiler.reset()
    found = build("sd1")
    STATES[request.param](found)
    return found


def state(module):
    """What a patch could touch, of the module and of the one that it wraps."""
    inner = getattr(module, "_orig_mod", module)
    return [
        (type(each), {name: id(value) for name, value in vars(each).items()})
        for each in (module, inner)
    ]


def same(found, expected):
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_it_works_and_leaves_what_stood_there(pipeline, expected):
    same(picture(pipeline), expected[0])
    stood = state(pipeline.unet)
    with patch(pipeline, RULE):
        pass
    assert state(pipeline.unet) == stood
    with patch(pipeline, RULE):
        same(picture(pipeline), expected[1])
        same(picture(pipeline), expected[1])  # diffusers offloads anew after every picture
    assert type(pipeline.unet) is stood[0][0]
    assert set(vars(pipeline.unet)) == set(stood[0][1])
    same(picture(pipeline), expected[0])


def test_inside_another_it_takes_its_place(pipeline, expected):
    stood = type(pipeline.unet)
    with patch(pipeline, RULE):
        with patch(pipeline, OTHER):
            same(picture(pipeline), expected[2])
        same(picture(pipeline), expected[1])
    assert type(pipeline.unet) is stood
    same(picture(pipeline), expected[0])


@pytest.mark.parametrize("nested", [False, True])
def test_an_exception_inside_restores(pipeline, nested):
    stood = state(pipeline.unet)
    with contextlib.ExitStack() as stack:
        stack.enter_context(pytest.raises(KeyboardInterrupt))
        for rule in (RULE, OTHER)[: 1 + nested]:
            stack.enter_context(patch(pipeline, rule))
        raise KeyboardInterrupt
    assert state(pipeline.unet) == stood


def test_an_exception_of_the_network_restores(pipeline, expected):
    def fail(*_):
        raise ZeroDivisionError

    broken = pipeline.unet.register_forward_pre_hook(fail)
    stood = state(pipeline.unet)
    with patch(pipeline, RULE, guidance_scale=3.0), pytest.raises(ZeroDivisionError):
        pipeline.unet(torch.zeros(2, 4, 16, 16), 1, torch.zeros(2, 16, 32))
    assert state(pipeline.unet) == stood
    broken.remove()
    same(picture(pipeline), expected[0])


@pytest.mark.parametrize(
    ("name", "dtype", "gain"),
    [
        ("sd1", torch.float16, "plain"),
        ("sdxl", torch.float16, "reg_forward"),
        ("sdxl", torch.bfloat16, "plain"),
    ],
)
def test_half_precision(name, dtype, gain):
    """As near to single precision as the plain pipeline, and to what a longer step h allows."""
    single, half = build(name), build(name).to(dtype)
    plain = picture(single)
    rounding = np.abs(picture(half) - plain).max()
    rule = Guidance(gain=gain)
    with patch(single, rule), patch(half, rule):
        expected, found = picture(single), picture(half)
    effect = np.abs(expected - plain).max()
    assert np.abs(found - expected).max() < 2 * rounding + effect / 4 + 1 / 255
