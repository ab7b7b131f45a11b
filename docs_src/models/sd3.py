import torch
from diffusers import StableDiffusion3Pipeline

import yuragi

pipe = StableDiffusion3Pipeline.from_pretrained(
    "stabilityai/stable-diffusion-3-medium-diffusers", torch_dtype=torch.bfloat16
).to("cuda")
model = yuragi.load(pipe)
model.translate(
    "photo.png", source_prompt="a blue dog", prompt="a red cat", sampler="sde", seed=0
).save("out.png")
