"""The public sets' forms, on small folders made here."""

import json
import pickle

import numpy as np
import pytest
from PIL import Image

from yuragi.errors import InputError
from yuragi.research.bench.dragbench import read_sets


@pytest.fixture
def s(tmp_path):
    """DragBench-S: two samples, out of order."""
    for name, white in (("art_1", 255), ("animals_0", 0)):
        folder = tmp_path / name
        folder.mkdir()
        Image.new("RGB", (40, 30), "red").save(folder / "origin_image.png")
        mask = Image.new("L", (40, 30), white)
        mask.paste(255, (0, 0, 20, 30))
        mask.save(folder / "mask.png")
        given = {"source": [[3, 4], [10, 11]], "target": [[8, 4], [12, 11]], "prompt": "a cat"}
        (folder / "prompt.json").write_text(json.dumps(given))
    return tmp_path


@pytest.fixture
def d(tmp_path):
    """DragBench-D, with the regions of DR."""
    folder = tmp_path / "animals" / "JH_2023"
    folder.mkdir(parents=True)
    Image.new("RGBA", (40, 30), "red").save(folder / "original_image.png")
    mask = np.zeros((30, 40), np.uint8)
    mask[:10] = 1
    given = {"prompt": "a dog", "points": [(3, 4), (8, 4), (10, 11), (12, 11)], "mask": mask}
    (folder / "meta_data.pkl").write_bytes(pickle.dumps(given))
    dense = given | {"points": [(k, 4) for k in range(20)]}
    (folder / "meta_data_region.pkl").write_bytes(pickle.dumps(dense))
    return tmp_path


def test_s(s):
    first, second = read_sets(s)
    assert (first.name, second.name) == ("animals_0", "art_1")
    assert first.points == (((3, 4), (8, 4)), ((10, 11), (12, 11)))
    assert first.prompt == "a cat"
    assert first.image.size == (40, 30)
    assert first.mask.getpixel((5, 5)) == 255
    assert first.mask.getpixel((30, 5)) == 0
    assert second.mask is None  # all white: everywhere


def test_d_and_its_regions(d):
    (sample,) = read_sets(d)
    assert sample.name == "animals/JH_2023"
    assert sample.points == (((3, 4), (8, 4)), ((10, 11), (12, 11)))
    assert sample.image.mode == "RGB"
    assert np.asarray(sample.mask)[:10].all()
    assert not np.asarray(sample.mask)[10:].any()
    (dense,) = read_sets(d, regions=True)
    assert len(dense.points) == 10


def test_what_is_not_a_set_is_refused(tmp_path, d):
    with pytest.raises(InputError, match="^folder"):
        list(read_sets(tmp_path / "none"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="samples"):
        list(read_sets(tmp_path / "empty"))
    file = d / "animals" / "JH_2023" / "meta_data.pkl"
    file.write_bytes(pickle.dumps({"prompt": "x", "points": [(1, 2), (3, 4)]}))
    with pytest.raises(InputError, match="mask"):
        list(read_sets(d))
    file.write_bytes(pickle.dumps({"prompt": "x", "points": [(1, 2)], "mask": np.ones(2)}))
    with pytest.raises(InputError, match="the set's form"):
        list(read_sets(d))
