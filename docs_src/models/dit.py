import torch
from diffusers import DiTPipeline

import yuragi
from yuragi import Guidance

pipe = DiTPipeline.from_pretrained("facebook/DiT-XL-2-256", torch_dtype=torch.float16).to("cuda")
model = yuragi.load(pipe)
# A prompt is a class, by number or name; channels=3 guides as DiT's own code does.
rule = Guidance(gain="reg_forward", channels=3)
model.sample("1", guidance_scale=4, guidance=rule, seed=0).save("out.png")
