import torch
from diffusers import StableDiffusionPipeline

import yuragi

pipe = StableDiffusionPipeline.from_pretrained(
    "stable-diffusion-v1-5/stable-diffusion-v1-5", torch_dtype=torch.float16
).to("cuda")
model = yuragi.load(pipe)
model.drag("photo.png", points=[((16, 20), (24, 20))], prompt="a red cat", seed=0).save("out.png")
