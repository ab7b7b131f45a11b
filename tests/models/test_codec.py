"""Pixels to latents and back for both kinds of autoencoder."""

import pytest
import torch
from accelerate import cpu_offload
from diffusers import AutoencoderKL, AutoencoderTiny

from promises import assert_equal_to_rounding, assert_identical
from yuragi.errors import NotFiniteError
from yuragi.models.codec import Codec, Pixels


def image(height, width):
    return torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def with_posterior():
    torch.manual_seed(0)
    return AutoencoderKL(
        block_out_channels=(8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        latent_channels=4,
        norm_num_groups=4,
        scaling_factor=0.5,
        shift_factor=0.25,
    ).eval()


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    return AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8),
        decoder_block_out_channels=(8, 8, 8),
        num_encoder_blocks=(0, 1, 1),
        num_decoder_blocks=(1, 1, 0),
        scaling_factor=1.5,
    ).eval()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("codec", ["tiny", None])
def test_values_that_are_no_numbers_are_no_picture(codec, value, request):
    held = Pixels(4, 16) if codec is None else Codec(request.getfixturevalue(codec), 4, 16)
    latents = torch.zeros(1, 4, 8, 8)
    latents[0, 0, 3, 3] = value
    with pytest.raises(NotFiniteError, match="the network computed values that are infinite"):
        held.decode(latents, 8, 8)


def test_an_autoencoder_that_overflows_is_named(tiny):
    with torch.no_grad():
        tiny.decoder.layers[-1].bias.fill_(torch.inf)
    with pytest.raises(NotFiniteError, match=r"the autoencoder computed .* \(dtype float32"):
        Codec(tiny, 4, 16).decode(torch.zeros(1, 4, 8, 8), 32, 32)


@pytest.mark.parametrize("size", [(32, 48), (33, 47), (5, 17)])
@pytest.mark.parametrize("kind", ["with_posterior", "tiny"])
def test_any_size_comes_back(kind, size, request):
    codec = Codec(request.getfixturevalue(kind), 4, 16)
    latents = codec.encode(image(*size))
    rows, columns = (-(-side // 16) * 4 for side in size)
    assert latents.shape == (2, 4, rows, columns)
    assert latents.dtype == torch.float32
    back = codec.decode(latents, *size)
    assert back.shape == (2, 3, *size)
    assert back.abs().max() <= 1


def test_the_mode_is_used_and_scaled(with_posterior):
    x = image(32, 32)
    mode = with_posterior.encode(x).latent_dist.mode()
    latents = Codec(with_posterior, 4, 16).encode(x)
    torch.testing.assert_close(latents, (mode - 0.25) * 0.5)
    assert_identical(Codec(with_posterior, 4, 16).encode(x), latents)


def test_decode_inverts_the_scaling(tiny):
    x = image(16, 16)
    codec = Codec(tiny, 4, 16)
    expected = tiny.decode(tiny.encode(x).latents).sample.clamp(-1, 1)
    torch.testing.assert_close(codec.decode(codec.encode(x), 16, 16), expected)


def test_padding_does_not_move_pixels(tiny):
    x = image(48, 48)
    whole = Codec(tiny, 4, 16).encode(x)
    cut = Codec(tiny, 4, 16).encode(x[..., :40, :40])
    # Far from the padded edge nothing changes.
    assert_equal_to_rounding(cut[..., :4, :4], whole[..., :4, :4])


@pytest.fixture
def loud(with_posterior):
    """In both halves activations beyond 65504, float16's largest number; weights are below it.

    The norm that follows brings them back.
    """
    for block in (with_posterior.encoder.down_blocks[0], with_posterior.decoder.mid_block):
        weight = block.resnets[0].conv2.weight.data
        weight.mul_(6e4 / weight.abs().max())
    return with_posterior


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_activations_that_overflow_in_half_precision_do_not(loud, dtype):
    x, z = image(32, 32), torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    held = loud.to(dtype).state_dict()
    held = {name: tensor.clone() for name, tensor in held.items()}
    if dtype == torch.float16:
        assert not loud.encode(x.to(dtype)).latent_dist.mode().isfinite().all()
        assert not loud.decode(z.to(dtype)).sample.isfinite().all()
    wide = Codec(AutoencoderKL.from_config(loud.config).eval(), 4, 16)
    wide.autoencoder.load_state_dict(held)
    codec = Codec(loud, 4, 16)
    torch.testing.assert_close(codec.encode(x), wide.encode(x), rtol=1e-4, atol=1e-4)
    near = 1e-4 if dtype == torch.float16 else 0.1  # bfloat16 reaches far enough to decode as it is
    torch.testing.assert_close(
        codec.decode(z, 32, 32), wide.decode(z, 32, 32), rtol=near, atol=near
    )
    after = loud.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in held.items())
    assert {tensor.dtype for tensor in after.values()} == {dtype}


def test_an_autoencoder_that_fits_into_half_precision_stays_in_it(loud):
    loud.register_to_config(force_upcast=False)
    assert not Codec(loud.half(), 4, 16).encode(image(32, 32)).isfinite().all()


def test_weights_come_back_when_the_autoencoder_fails(loud, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("no")

    monkeypatch.setattr(type(loud.decoder), "forward", broken)
    with pytest.raises(RuntimeError, match="no"):
        Codec(loud.half(), 4, 16).decode(torch.zeros(1, 4, 8, 8), 32, 32)
    assert {tensor.dtype for tensor in loud.state_dict().values()} == {torch.float16}


def test_layers_that_are_offloaded_run_in_float32(loud):
    """The hooks put other tensors into the autoencoder than those that were there."""
    x = image(32, 32)
    expected = Codec(loud.half(), 4, 16).encode(x)
    cpu_offload(loud, torch.device("cpu"))
    codec = Codec(loud, 4, 16)
    for _ in range(2):
        torch.testing.assert_close(codec.encode(x), expected)
        assert {tensor.dtype for tensor in loud.parameters()} == {torch.float16}
        assert {tensor.device.type for tensor in loud.parameters()} == {"meta"}
