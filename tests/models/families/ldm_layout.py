"""A Stable Diffusion pipeline as one file, in the layout of the code that it was published with."""

import re

from safetensors.torch import save_file

UNET = [
    (r"^time_embedding\.linear_(\d)\.", lambda m: f"time_embed.{2 * int(m[1]) - 2}."),
    (r"^conv_in\.", "input_blocks.0.0."),
    (r"^conv_norm_out\.", "out.0."),
    (r"^conv_out\.", "out.2."),
    (r"^mid_block\.resnets\.(\d)\.", lambda m: f"middle_block.{2 * int(m[1])}."),
    (r"^mid_block\.attentions\.0\.", "middle_block.1."),
]
RESNET = [
    (r"\.norm1\.", ".in_layers.0."),
    (r"\.conv1\.", ".in_layers.2."),
    (r"\.norm2\.", ".out_layers.0."),
    (r"\.conv2\.", ".out_layers.3."),
    (r"\.time_emb_proj\.", ".emb_layers.1."),
    (r"\.conv_shortcut\.", ".skip_connection."),
]
VAE = [
    (r"\.conv_norm_out\.", ".norm_out."),
    (r"\.mid_block\.resnets\.(\d)\.", lambda m: f".mid.block_{int(m[1]) + 1}."),
    (r"\.mid_block\.attentions\.0\.", ".mid.attn_1."),
    (r"\.down_blocks\.(\d)\.resnets\.", r".down.\1.block."),
    (r"\.down_blocks\.(\d)\.downsamplers\.0\.", r".down.\1.downsample."),
    (r"\.conv_shortcut\.", ".nin_shortcut."),
    (r"\.group_norm\.", ".norm."),
    (r"\.to_q\.", ".q."),
    (r"\.to_k\.", ".k."),
    (r"\.to_v\.", ".v."),
    (r"\.to_out\.0\.", ".proj_out."),
]


def renamed(name, rules):
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name


def unet_name(name, layers, attends):
    """A UNet's entry; blocks are numbered through, down and up."""
    down = re.match(r"down_blocks\.(\d)\.(resnets|attentions|downsamplers)\.(\d)\.(.*)", name)
    up = re.match(r"up_blocks\.(\d)\.(resnets|attentions|upsamplers)\.(\d)\.(.*)", name)
    if down:
        block, kind, layer, rest = int(down[1]), down[2], int(down[3]), down[4]
        first = 1 + block * (layers + 1)
        if kind == "downsamplers":
            return f"input_blocks.{first + layers}.0.op.{rest.removeprefix('conv.')}"
        name = f"input_blocks.{first + layer}.{int(kind == 'attentions')}.{rest}"
    elif up:
        block, kind, layer, rest = int(up[1]), up[2], int(up[3]), up[4]
        first = block * (layers + 1)
        if kind == "upsamplers":
            return f"output_blocks.{first + layers}.{1 + int(attends[block])}.{rest}"
        name = f"output_blocks.{first + layer}.{int(kind == 'attentions')}.{rest}"
    name = renamed(name, UNET)
    return name if "transformer_blocks" in name else renamed(name, RESNET)


def vae_name(name, blocks):
    def upwards(match):
        part = "block." if match[2] == "resnets" else "upsample."
        rest = match[3] if match[2] == "resnets" else match[3].removeprefix("0.")
        return f".up.{blocks - 1 - int(match[1])}.{part}{rest}"

    name = re.sub(r"\.up_blocks\.(\d)\.(resnets|upsamplers)\.(.*)", upwards, name)
    return renamed(name, VAE)


def save_as_one_file(pipeline, path):
    """All weights of a Stable Diffusion 1.x pipeline."""
    config = pipeline.unet.config
    attends = ["CrossAttn" in kind for kind in config.up_block_types]
    tensors = {}
    for name, value in pipeline.unet.state_dict().items():
        old = unet_name(name, config.layers_per_block, attends)
        tensors["model.diffusion_model." + old] = value
    for name, value in pipeline.vae.state_dict().items():
        old = vae_name(name, len(pipeline.vae.config.block_out_channels))
        # Attention of the published code is made of convolutions of one pixel.
        linear = ".attn_1." in old and ".norm." not in old and value.ndim == 2
        tensors["first_stage_model." + old] = value[:, :, None, None] if linear else value
    for name, value in pipeline.text_encoder.state_dict().items():
        bare = name.removeprefix("text_model.")
        tensors["cond_stage_model.transformer.text_model." + bare] = value
    save_file({name: value.contiguous() for name, value in tensors.items()}, path)
