"""Draw the pictures of the example: portraits of the benchmark split, which no model has seen."""

from pathlib import Path

from PIL import Image

from yuragi.research.train.portraits import draw, portrait

FOLDER = Path(__file__).parent / "pictures"
NUMBERS = (0, 1, 2, 3, 4, 5, 7, 8, 13, 15, 16, 21)

FOLDER.mkdir(exist_ok=True)
for number in NUMBERS:
    drawn = draw(portrait("benchmark", number))
    Image.fromarray(drawn).save(FOLDER / f"portrait-{number}.png", optimize=True)
