"""Every task on pictures of any size, with cells of 4, 8 and 16 pixels.

The network is the exact denoiser of data whose values are independent, and the codec loses nothing:
so it is known what every pixel becomes, and a result that is shifted or scaled by a pixel shows.
"""

from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

import yuragi
from yuragi.errors import InputError
from yuragi.models.codec import Codec
from yuragi.tasks.warping import preview, warped_by

GROUND, THING, WANTED = -0.8, 0.2, 0.7
MODES = [(GROUND, GROUND), (WANTED, WANTED), (GROUND, THING), (GROUND, WANTED), (0.0, 0.0)]
"""Of the classes 0 to 4: two values around which the data lie."""
DEVIATION = 0.03
"""Around them; of class 4 it is 1, so that everything is likely."""


class Values(nn.Module):
    """E[x_0 | y] for independent values of two modes, equally likely."""

    def __init__(self, channels):
        super().__init__()
        self.img_resolution, self.img_channels, self.label_dim = 8, channels, len(MODES)
        self.modes = nn.Parameter(torch.tensor(MODES))

    def forward(self, y, sigma, labels):
        variance = torch.where(labels[:, 4] > 0, 1.0, DEVIATION**2)[:, None, None, None]
        noise = sigma.view(-1, 1, 1, 1) ** 2
        first, second = ((labels @ self.modes).T)[..., None, None, None]
        away = [(y - mode) ** 2 / (variance + noise) / 2 for mode in (first, second)]
        mean = torch.lerp(first, second, torch.sigmoid(away[0] - away[1]))
        return (mean * noise + y * variance) / (variance + noise)


class Lossless(nn.Module):
    """An autoencoder whose latent is the grey picture itself, a cell's pixels as channels."""

    dtype = torch.float32
    use_tiling = False

    def __init__(self, cell):
        super().__init__()
        self.cell = cell
        self.config = SimpleNamespace(
            latent_channels=cell**2,
            scaling_factor=1.0,
            shift_factor=None,
            force_upcast=False,
            block_out_channels=(1,),
        )

    def encode(self, images):
        found = nn.functional.pixel_unshuffle(images[:, :1], self.cell)
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: found))

    def decode(self, latents):
        return SimpleNamespace(
            sample=nn.functional.pixel_shuffle(latents, self.cell).expand(-1, 3, -1, -1)
        )


@cache
def model_of(cell, multiple):
    codec = Codec(Lossless(cell), cell, multiple)
    return yuragi.load(Values(codec.channels), codec=codec)


@dataclass(frozen=True)
class Case:
    """A thing on a ground, and a mask with the thing in it; neither keeps to cells."""

    width: int
    height: int

    @property
    def box(self):
        """Of the thing: left, top, right, bottom."""
        return (self.width // 5, self.height // 3, self.width // 2, 2 * self.height // 3)

    @property
    def picture(self):
        picture = Image.new("RGB", (self.width, self.height), (level(GROUND),) * 3)
        picture.paste((level(THING),) * 3, self.box)
        return picture

    @property
    def mask(self):
        mask = Image.new("L", (self.width, self.height))
        left, top, right, bottom = self.box
        mask.paste(255, (left - 3, top - 5, right + 7, bottom + 1))
        return mask


def level(value):
    return round((value + 1) * 127.5)


def values(image):
    return np.asarray(image, np.float64) / 127.5 - 1


def assert_is(image, where, value):
    assert where.any()
    assert np.abs(values(image)[where] - value).max() < 6 * DEVIATION


def assert_same(image, other, where):
    assert (np.asarray(image)[where] == np.asarray(other)[where]).all()


NAMED = [(500, 333), (480, 330), (300, 200), (256, 193), (200, 200)]
CELLS = [(4, 16), (8, 64), (16, 32)]
"""Pixels of a cell, and what sides are padded to a multiple of."""
SETTINGS = {"guidance_scale": 1.0, "seed": 3, "num_inference_steps": 3}
SHORT = SETTINGS | {"num_inference_steps": 10, "strength": 0.1}
"""One step from where the picture is still seen."""


@st.composite
def sizes(draw):
    """Cells and sizes from 64 to 520, most of them beside a multiple."""
    cell, multiple = draw(st.sampled_from(CELLS))
    near = st.builds(
        lambda count, off: min(max(count * multiple + off, 64), 520),
        st.integers(1, 520 // multiple),
        st.integers(-1, 1),
    )
    sides = [draw(st.one_of(near, near, st.integers(64, 520))) for _ in range(2)]
    return (cell, multiple), *sides


def on_sizes(test):
    """A few sizes for each test that are drawn, always the same ones, and the named ones."""
    test = settings(derandomize=True, max_examples=3, deadline=None)(given(sizes())(test))
    for width, height in NAMED:
        test = example(((8, 64), width, height))(test)
    return test


@on_sizes
def test_sample(drawn):
    (cell, multiple), width, height = drawn
    model = model_of(cell, multiple)
    if width % multiple or height % multiple:
        with pytest.raises(InputError, match=f"a multiple of {multiple} pixels"):
            model.sample("1", width=width, height=height, **SETTINGS)
        width, height = (length + -length % multiple for length in (width, height))
    result = model.sample("1", width=width, height=height, **SETTINGS)
    assert result.image.size == (width, height)
    assert_is(result.image, np.ones((height, width), bool), WANTED)


@on_sizes
@pytest.mark.parametrize("task", ["inpaint", "sdedit", "translate"])
def test_within_a_mask(task, drawn):
    cells, width, height = drawn
    case = Case(width, height)
    words = {"prompt": "1"} | ({"source_prompt": "0"} if task == "translate" else {})
    edit = getattr(model_of(*cells), task)
    result = edit(case.picture, mask=case.mask, crop="off", **words, **SETTINGS)
    inside = np.asarray(case.mask) > 0
    assert_same(result.image, case.picture, ~inside)
    thing = values(case.picture)[..., 0] > 0
    if task == "translate":  # what was no ground keeps its distance from what is wanted
        assert_is(result.image, inside & ~thing, WANTED)
        assert (np.asarray(result.image)[thing] != np.asarray(case.picture)[thing]).all()
    else:
        assert_is(result.image, inside, WANTED)


@on_sizes
@pytest.mark.parametrize("masked", [False, True])
def test_margins(masked, drawn):
    cells, width, height = drawn
    case, (left, top, right, bottom) = Case(width, height), (13, 0, 5, 30)
    result = model_of(*cells).inpaint(
        case.picture,
        case.mask if masked else None,
        prompt="1",
        expand=(left, top, right, bottom),
        **SETTINGS,
    )
    assert result.image.size == (width + left + right, height + top + bottom)
    inside = (left, top, left + width, top + height)
    kept = np.asarray(case.mask) == 0 if masked else np.ones((height, width), bool)
    assert_same(result.image.crop(inside), case.picture, kept)
    drawn_anew = np.ones((result.image.height, result.image.width), bool)
    drawn_anew[top : top + height, left : left + width] = ~kept
    assert_is(result.image, drawn_anew, WANTED)


@on_sizes
def test_diffedit_finds_the_thing(drawn):
    (cell, multiple), width, height = drawn
    case = Case(width, height)
    result = model_of(cell, multiple).diffedit(
        case.picture,
        source_prompt="2",
        prompt="3",
        mask_strength=0.1,
        mask_samples=4,
        mask_threshold=0.4,
        **SHORT,
    )
    left, top, right, bottom = case.box
    found, whole = np.asarray(result.mask) > 0, np.zeros((height, width), bool)
    # The mask is a local mean, so it can be larger by a cell.
    above, before = max(top // cell - 1, 0) * cell, max(left // cell - 1, 0) * cell
    whole[above : bottom + -bottom % cell + cell, before:] = True
    whole[:, right + -right % cell + cell :] = False
    within = np.zeros((height, width), bool)
    within[
        top + -top % cell : bottom // cell * cell, left + -left % cell : right // cell * cell
    ] = 1
    assert found.shape == (height, width)
    assert not found[~whole].any()
    assert found[within].all()
    assert_same(result.image, case.picture, ~found)
    assert (np.asarray(result.image)[within] != np.asarray(case.picture)[within]).any()


@on_sizes
def test_invert(drawn):
    cells, width, height = drawn
    case = Case(width, height)
    result = model_of(*cells).invert(case.picture, prompt="2", sampler="sde", **SETTINGS)
    assert np.abs(values(result.image) - values(case.picture)).max() < 2 / 127
    assert result.reconstruction.psnr > 40


def dragged(case, inset, way):
    """From so far within the thing's right edge to the right."""
    _, top, right, bottom = case.box
    x, y = right - inset, (top + bottom) // 2
    return [((x, y), (x + way, y))]


@on_sizes
@pytest.mark.parametrize("masked", [False, True])
def test_warp(masked, drawn):
    cells, width, height = drawn
    case = Case(width, height)
    mask = None
    if masked:  # it cuts through what is uncovered
        mask = Image.new("L", (width, height))
        mask.paste(255, (0, height // 2 - 4, width, height))
    points = dragged(case, width // 8, width // 4)
    # Nothing but what is wanted is believed, so all that is uncovered is drawn anew.
    drag = model_of(*cells).drag
    result = drag(case.picture, points, prompt="1", mask=mask, crop="off", **SETTINGS)
    warped = warped_by(result.request, case.picture, mask)
    uncovered = warped.vacated
    seam = nn.functional.max_pool2d(uncovered.float(), 5, 1, 2)[0, 0].numpy() > 0
    inside = np.ones((height, width), bool) if mask is None else np.asarray(mask) > 0
    assert_is(result.image, uncovered[0, 0].numpy() & inside, WANTED)
    assert_same(result.image, preview(result.request, case.picture, mask), ~seam)
    assert_same(result.image, case.picture, ~inside)
    ((_, (x, y)),) = points
    assert values(result.image)[y, x] == pytest.approx(THING, abs=0.02)


@example(((16, 32), 64, 64))  # 4 x 4 cells, where a box of 5/64 of them may miss every centre
@on_sizes
@pytest.mark.parametrize(("preset", "masked"), [("paper", False), ("fast", True)])
def test_paste(preset, masked, drawn):
    (cell, multiple), width, height = drawn
    case = Case(width, height)
    (((x, y), (tx, ty)),) = points = dragged(case, 6, 3 * min(width, height) // 64)
    mask = Image.new("L", (width, height), 255)
    if masked:
        mask.paste(0, (tx + 4, 0, width, height))
        mask.paste(0, (0, ty + 4, width, height))
    result = model_of(cell, multiple).drag(
        case.picture,
        points,
        prompt="4",
        preset=preset,
        mask=mask if masked else None,
        **SHORT,
    )
    assert_same(result.image, case.picture, np.asarray(mask) == 0)
    # Boxes of 5/64 of the latent's shorter side, of whole cells.
    reach = cell + 5 / 64 * (min(height, width) + multiple)
    changed = np.abs(values(result.image) - values(case.picture)).max(-1) > 1 / 127
    rows, columns = np.nonzero(changed)
    assert len(rows)
    assert y - reach <= rows.min()
    assert rows.max() <= y + reach
    assert x - reach <= columns.min()
    assert columns.max() <= tx + reach
    if min(width, height) < 16 * cell:
        return  # a motion of less than a cell, and boxes of few of them
    # The ground at the target has become much like the thing.
    ground = np.asarray(case.picture)[..., 0] == level(GROUND)
    ground[: ty - 3], ground[ty + 4 :], ground[:, : tx - 3], ground[:, tx + 4 :] = 0, 0, 0, 0
    assert ground.any()
    assert values(result.image)[ground].mean() > GROUND + 0.2
