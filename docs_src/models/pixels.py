from diffusers import DDIMPipeline

import yuragi

pipe = DDIMPipeline.from_pretrained("google/ddpm-celebahq-256").to("cuda")
model = yuragi.load(pipe)
# An unconditional model has no prompt and no guidance.
model.inpaint("photo.png", "mask.png", guidance_scale=1, seed=0).save("out.png")
