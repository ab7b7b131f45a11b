import torch
from diffusers import PixArtSigmaPipeline

import yuragi

pipe = PixArtSigmaPipeline.from_pretrained(
    "PixArt-alpha/PixArt-Sigma-XL-2-512-MS", torch_dtype=torch.float16
).to("cuda")
model = yuragi.load(pipe)
model.diffedit(
    "photo.png", source_prompt="a blue dog", prompt="a red cat", mask_samples=4, seed=0
).save("out.png")
