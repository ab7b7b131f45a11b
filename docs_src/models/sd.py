import torch
from diffusers import StableDiffusionPipeline

import yuragi

pipe = StableDiffusionPipeline.from_pretrained(
    "stable-diffusion-v1-5/stable-diffusion-v1-5", torch_dtype=torch.float16
).to("cuda")
model = yuragi.load(pipe)
# The cat is cut out along this polygon and moved; the model draws what it leaves behind.
corners = [(8, 12), (24, 12), (24, 28), (8, 28)]
model.drag("photo.png", select=corners, move=(12, 0), prompt="a red cat", seed=0).save("out.png")
