"""Autoguidance with models whose noise levels depend on the size of the picture."""

from PIL import Image
from tiny_pipelines import build as pipeline_of

import yuragi
from yuragi import Guidance
from yuragi.tasks.build import build
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.run import run


def test_in_a_drag_the_weaker_model_has_the_noise_levels_of_the_size_too(tmp_path):
    pipeline_of("flux").save_pretrained(tmp_path)
    model = yuragi.load(tmp_path, "cpu").loaded
    square = [(20, 20), (60, 20), (60, 60), (20, 60)]
    given = {
        "image": Image.new("RGB", (1200, 100), "teal"),  # a crop has its shape
        "prompt": "red",
        "regions": [{"source": square, "target": [(x + 30, y) for x, y in square]}],
        "method": {"name": "warp", "doubt": 0},  # so that the network draws
        "guidance": Guidance(rule={"name": "auto", "weak_model": str(tmp_path)}),
        "num_inference_steps": 3,
        "guidance_scale": 2.0,
    }
    request, sources = build(DragRequest, {**given, "model": str(tmp_path)})
    result = run(request, model, sources, weak=model)
    assert result.evaluations > 1
