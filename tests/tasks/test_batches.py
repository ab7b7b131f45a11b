"""Several requests at once: alike ones share batches, and each result is as if alone."""

import numpy as np
import pytest
from PIL import Image

from promises import assert_different, assert_equal_to_rounding
from yuragi.tasks.build import build
from yuragi.tasks.run import run, run_all
from yuragi.tasks.tasks import TASKS


def scene(seed):
    pixels = np.random.default_rng(seed).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def hole(column):
    mask = Image.new("L", (64, 48))
    mask.paste(255, (column, 8, column + 24, 40))
    return mask


QUICK = {"num_inference_steps": 5, "guidance_scale": 40.0}
ASKED = {
    "sample": [QUICK | {"prompt": word, "seed": k} for k, word in enumerate(("red", "black hair"))],
    "inpaint": [
        QUICK | {"image": scene(k), "mask": hole(8 + 20 * k), "prompt": "red", "seed": k}
        for k in range(2)
    ],
    "translate": [
        QUICK | {"image": scene(k), "source_prompt": "red", "prompt": "black hair", "seed": k}
        for k in range(2)
    ],
    "diffedit": [
        QUICK | {"image": scene(k), "source_prompt": "red", "prompt": "black hair", "seed": k}
        for k in range(2)
    ],
    "drag": [
        {
            "image": scene(k),
            "points": [((20 + 4 * k, 20), (30 + 4 * k, 20))],
            "preset": "fast",
            "num_inference_steps": 5,
            "seed": k,
            "num_images": 1 + k,
        }
        for k in range(2)
    ],
}


@pytest.mark.parametrize("task", ASKED)
def test_each_result_is_as_if_alone(tiny, task):
    built = [build(TASKS[task], asked) for asked in ASKED[task]]
    requests = [request for request, _ in built]
    sources = {key: picture for _, held in built for key, picture in held.items()}
    assert requests[0].alike(tiny.loaded) == requests[1].alike(tiny.loaded)
    together = run_all(requests, tiny.loaded, sources)
    for request, result in zip(requests, together, strict=True):
        alone = run(request, tiny.loaded, sources)
        assert len(result.images) == request.num_images
        assert_equal_to_rounding(result.images, alone.images)
        assert result.evaluations == alone.evaluations
        assert set(result.sources) == {each.digest for each in request.pictures}
    assert_different(together[0].image, together[1].image)


def test_other_settings_run_apart(tiny):
    first, _ = build(TASKS["sample"], QUICK | {"prompt": "red", "seed": 0})
    for change in ({"num_inference_steps": 6}, {"solver": "ddim"}, {"guidance": "reg_forward"}):
        other, _ = build(TASKS["sample"], QUICK | {"prompt": "red", "seed": 0} | change)
        assert first.alike(tiny.loaded) != other.alike(tiny.loaded)
        results = run_all([first, other], tiny.loaded, {})
        assert [each.request.num_inference_steps for each in results] == [
            5,
            other.num_inference_steps,
        ]


def test_progress_is_told_to_the_end(tiny):
    request, _ = build(TASKS["sample"], QUICK | {"prompt": "red", "seed": 0, "num_images": 10})
    told = []
    run(request, tiny.loaded, {}, lambda *at: told.append(at))
    assert told[-1] == (10, 10)  # two batches of five steps
