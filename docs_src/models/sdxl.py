import torch
from diffusers import StableDiffusionXLPipeline

import yuragi

pipe = StableDiffusionXLPipeline.from_pretrained(
    "stabilityai/stable-diffusion-xl-base-1.0", torch_dtype=torch.float16
).to("cuda")
model = yuragi.load(pipe)
model.inpaint("photo.png", "mask.png", prompt="a red cat", guidance_scale=5, seed=0).save("out.png")
