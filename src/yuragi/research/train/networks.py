"""The untrained parts of the portrait pipeline, in the classes that Stable Diffusion uses."""

from __future__ import annotations

from diffusers import (
    AutoencoderTiny,
    DDIMScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from yuragi.research.train.config import DenoiserConfig
from yuragi.research.train.portraits import words

__all__ = ["TOKENS", "TextToLatent", "assemble", "build_scheduler", "build_tokenizer"]

START, END, UNKNOWN = "<|startoftext|>", "<|endoftext|>", "<|unknown|>"
LENGTH = 40  # the longest caption has 36 words
TOKENS = {"padding": "max_length", "truncation": True, "return_tensors": "pt"}
"""The tokenizer's options for captions in training, the same as in the pipeline."""


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer with one token per word of the captions; it ignores case and punctuation."""
    vocabulary = {word: i for i, word in enumerate([START, END, UNKNOWN, *words()])}
    core = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    core.normalizer = normalizers.Lowercase()
    core.pre_tokenizer = pre_tokenizers.Split(Regex("[^a-z0-9-]+"), "removed")
    core.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        special_tokens=[(START, vocabulary[START]), (END, vocabulary[END])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=START,
        eos_token=END,
        pad_token=END,
        unk_token=UNKNOWN,
        model_max_length=LENGTH,
    )


class TextToLatent(nn.Module):
    """The text encoder and the denoising UNet as one network.

    Words reach the UNet in two ways: by cross-attention, only at 8 x 8 cells (at 16 x 16 it would
    cost more than half of the speed), and pooled into the time embedding, which scales and shifts
    every block. The second way lets a colour that the prompt names reach all cells early.
    """

    def __init__(self, config: DenoiserConfig, tokens: int, latent: tuple[int, int]) -> None:
        channels, side = latent
        super().__init__()
        self.text_encoder = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=tokens,
                hidden_size=config.text_width,
                intermediate_size=4 * config.text_width,
                projection_dim=config.text_width,
                num_hidden_layers=config.text_layers,
                num_attention_heads=4,
                max_position_embeddings=LENGTH,
                bos_token_id=0,
                eos_token_id=1,
                pad_token_id=1,
            )
        )
        self.unet = UNet2DConditionModel(
            sample_size=side,
            in_channels=channels,
            out_channels=channels,
            block_out_channels=config.channels,
            layers_per_block=1,
            down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
            cross_attention_dim=config.text_width,
            attention_head_dim=4,
            norm_num_groups=16,
            addition_embed_type="text",
            addition_embed_type_num_heads=4,
            resnet_time_scale_shift="scale_shift",
        )


def build_scheduler() -> DDIMScheduler:
    """Stable Diffusion's table of noise levels, rescaled to zero terminal SNR, with v-prediction.

    Zero terminal SNR matters here: the pictures are flat, and the small signal that the original
    table leaves at its end reveals the mean of a flat area. A network that can read the background
    there ignores what the prompt says about it.
    """
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
        timestep_spacing="trailing",
        rescale_betas_zero_snr=True,
    )


def assemble(
    autoencoder: AutoencoderTiny, network: TextToLatent, tokenizer: PreTrainedTokenizerFast
) -> StableDiffusionPipeline:
    """The parts as a diffusers pipeline, without a safety checker."""
    return StableDiffusionPipeline(
        vae=autoencoder,
        text_encoder=network.text_encoder,
        tokenizer=tokenizer,
        unet=network.unet,
        scheduler=build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
