"""What the tests of research share."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from yuragi.research.bench import grounds
from yuragi.research.bench.cutouts import stamps


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Folders as the Debian packages install them, with drawings of our own."""
    patch, folder = pytest.MonkeyPatch(), tmp_path_factory.mktemp("packages")
    rng = np.random.default_rng(0)
    (folder / "nature").mkdir()
    Image.fromarray(rng.integers(0, 256, (200, 300, 3), np.uint8)).save(folder / "nature/a.jpg")
    for name in ("animals", "symbols"):
        (folder / name).mkdir()
        for k in range(4):
            disc = Image.new("L", (120, 100))
            ImageDraw.Draw(disc).ellipse((10, 10, 110, 90), fill=255)
            noise = Image.fromarray(rng.integers(0, 256, (100, 120, 3), np.uint8))
            plain = Image.new("RGB", (120, 100), (200, 10 * k, 30))
            for kind, pixels in (("photo", noise), ("drawing", plain)):
                pixels.putalpha(disc)
                pixels.save(folder / name / f"{kind}{k}.png")
    patch.setattr(grounds, "BACKGROUNDS", folder / "nature")
    patch.setattr(stamps, "STAMPS", folder)
    for cached in (grounds._photographs, stamps._stamps):
        cached.cache_clear()
    yield
    patch.undo()
    for cached in (grounds._photographs, stamps._stamps):
        cached.cache_clear()
