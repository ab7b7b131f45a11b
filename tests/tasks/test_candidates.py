"""Several candidates of a drag: what they share, how they are ranked, and a LoRA of the picture."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

import yuragi
from promises import assert_different, assert_equal_to_rounding, assert_identical
from yuragi import LoRA
from yuragi.folders import cache_folder
from yuragi.tasks.replay import read_result, replay

POINTS = [((26, 22), (32, 22))]
QUICK = {"prompt": "red", "seed": 3, "num_inference_steps": 6}


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return cache_folder("lora")


@pytest.fixture(scope="module")
def published(tiny):
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[16:28, 20:32] = (250, 240, 10)
    picture = Image.fromarray(pixels)
    return tiny.drag(picture, POINTS, preset="paper", num_images=3, **QUICK), picture


def test_candidates_of_the_published_method(tiny, published):
    result, picture = published
    assert len(result.images) == 3
    first, second, third = result.images
    assert_different(first, second)
    assert_different(second, third)
    alone = tiny.drag(picture, POINTS, preset="paper", **QUICK)
    assert_equal_to_rounding(alone.image, first)
    assert_identical(result.frames[-1], first)


def test_they_are_ranked(published):
    result, _ = published
    assert sorted(result.ranking) == [0, 1, 2]
    scores = [result.intent[k].score for k in result.ranking]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_one_result_is_not_judged(tiny, published):
    _, picture = published
    result = tiny.drag(picture, POINTS, **QUICK)
    assert result.intent == ()
    assert result.ranking == []


@pytest.mark.parametrize("preset", ["paper", "warp"])
def test_a_lora_is_learned_once_and_taken_out(tiny, published, cache, preset, tmp_path):
    _, picture = published
    seen = []
    settings = QUICK | {"preset": preset, "lora": LoRA(rank=2, steps=3, learning_rate=5e-2)}
    first = tiny.drag(picture, POINTS, on_progress=lambda *at: seen.append(at), **settings)
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert seen[-1][0] == seen[-1][1]
    assert len(list(cache.glob("*.safetensors"))) == 1
    again = tiny.drag(picture, POINTS, **settings)
    assert again.evaluations == first.evaluations - 3
    assert_identical(again.image, first.image)
    plain = tiny.drag(picture, POINTS, **QUICK, preset=preset)
    assert_different(plain.image, first.image)
    first.save(tmp_path / "kept.png")
    record, kept = read_result(tmp_path / "kept.png")
    assert record.request.lora == settings["lora"]
    assert replay(record, kept, tiny.loaded, []).difference == 0


def test_a_lora_belongs_to_its_picture_and_its_own_seed(tiny, published, cache):
    _, picture = published
    settings = {"prompt": "red", "num_inference_steps": 6}
    lora = LoRA(rank=1, steps=1)
    tiny.drag(picture, POINTS, seed=1, lora=lora, **settings)
    tiny.drag(picture, POINTS, seed=2, lora=lora, **settings)
    assert len(list(cache.glob("*.safetensors"))) == 1
    tiny.drag(picture, POINTS, seed=2, lora=LoRA(rank=1, steps=1, seed=5), **settings)
    tiny.drag(picture.rotate(90), [((26, 22), (30, 22))], seed=1, lora=lora, **settings)
    assert len(list(cache.glob("*.safetensors"))) == 3


@pytest.mark.parametrize("values", [{"rank": 0}, {"steps": 0}, {"learning_rate": 0}, {"floor": 2}])
def test_bad_loras(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        yuragi.LoRA(**values)


def test_pictures_that_are_all_the_same_are_said_and_not_ranked(tiny):
    photo = Image.fromarray(data.astronaut()).resize((64, 48))
    with pytest.warns(yuragi.YuragiWarning, match="all 3 pictures are the same") as caught:
        result = tiny.drag(photo, POINTS, num_images=3, seed=3)
    assert tiny.estimate("drag", image=photo, points=POINTS, num_images=3).evaluations == 0
    assert len(result.images) == 3
    assert (result.evaluations, result.intent, result.ranking) == (0, (), [])
    assert [str(each.message) for each in caught] == list(result.warnings)


def test_no_lora_is_fitted_for_a_drag_that_draws_nothing(tiny, cache):
    photo = Image.fromarray(data.astronaut()).resize((64, 48))
    options = {"lora": LoRA(rank=1, steps=50), **QUICK}
    estimate = tiny.estimate("drag", image=photo, points=POINTS, **options)
    assert estimate.evaluations == 0
    with pytest.warns(yuragi.YuragiWarning, match="this drag bends .*: .*the LoRA"):
        result = tiny.drag(photo, POINTS, **options)
    assert result.evaluations == 0
    assert not cache.exists()
