import torch
from diffusers import FluxPipeline

import yuragi

pipe = FluxPipeline.from_pretrained("black-forest-labs/FLUX.1-dev", torch_dtype=torch.bfloat16)
pipe.to("cuda")
model = yuragi.load(pipe)
# The network has distilled guidance; 1 turns Yuragi's guidance off.
model.sdedit("photo.png", prompt="a red cat", strength=0.7, guidance_scale=1, seed=0).save(
    "out.png"
)
