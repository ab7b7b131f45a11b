"""Autoguidance with models whose noise levels depend on the size of the picture."""

from PIL import Image
from tiny_pipelines import build

import yuragi
from yuragi import Guidance


def test_a_weaker_model_has_the_noise_levels_of_the_size_too(tmp_path):
    build("flux").save_pretrained(tmp_path)
    model = yuragi.load(tmp_path, "cpu")
    guidance = Guidance(rule={"name": "auto", "weak_model": str(tmp_path)})
    settings = {"guidance": guidance, "guidance_scale": 2.0, "num_inference_steps": 4, "seed": 0}
    picture = Image.new("RGB", (160, 48), "teal")  # not the shape that the model was trained on
    assert model.sdedit(picture, prompt="red", **settings).image.size == picture.size
