"""A warp moves what it is told, fills what it leaves, and touches nothing else."""

import sys

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from yuragi.drag.flow import flow_of
from yuragi.drag.region import moving
from yuragi.drag.warp import reached, warp
from yuragi.images.tensors import from_tensor, mask_tensor, to_tensor


def disc(x, y, size=96, ground="white"):
    picture = Image.new("RGB", (size, size), ground)
    ImageDraw.Draw(picture).ellipse((x - 10, y - 10, x + 10, y + 10), fill="red")
    return picture


def dragged(picture, points, mask=None, regions=()):
    held = None if mask is None else mask_tensor(mask)
    area = moving(picture, points, regions, mask)
    return warp(to_tensor(picture), area, flow_of(points, regions), held)


def test_a_disc_moves_whole_and_the_ground_closes():
    found = dragged(disc(30, 48), [((30, 48), (62, 40))])
    truth = to_tensor(disc(62, 40))
    assert (found.picture - truth).abs().mean() < 0.01
    assert found.vacated[0, 0, 48, 30]
    assert not found.vacated[0, 0, 40, 62]
    assert found.moved[0, 0, 40, 62] == 1


def test_vacated_is_what_nothing_came_to():
    near = dragged(disc(30, 48), [((30, 48), (36, 48))])
    share = near.vacated.sum() / dragged(disc(30, 48), [((30, 48), (62, 48))]).vacated.sum()
    assert 0.2 < share < 0.6


def test_outside_the_mask_nothing_changes():
    mask = Image.new("L", (96, 96), 0)
    ImageDraw.Draw(mask).rectangle((15, 30, 60, 66), fill=255)
    picture = disc(30, 48)
    found = dragged(picture, [((30, 48), (56, 48))], mask)
    outside = mask_tensor(mask)[0, 0] == 0
    assert torch.equal(found.picture[..., outside], to_tensor(picture)[..., outside])
    assert not found.vacated[0, 0][outside].any()
    assert not torch.equal(found.picture, to_tensor(picture))


def test_the_filling_continues_what_is_around():
    picture = Image.fromarray(
        np.tile(np.linspace(40, 200, 96)[:, None, None], (1, 96, 3)).astype(np.uint8)
    )
    clean = to_tensor(picture)
    ImageDraw.Draw(picture).ellipse((38, 38, 58, 58), fill="red")
    found = dragged(picture, [((48, 48), (48, 20))])
    hole = found.vacated[0, 0]
    assert (found.picture - clean)[..., hole].abs().mean() < 0.01


def test_regions_turn():
    corners = ((20, 38), (40, 38), (40, 58), (20, 58))
    turned = ((40, 38), (40, 58), (20, 58), (20, 38))
    picture = Image.new("RGB", (96, 96), "white")
    ImageDraw.Draw(picture).rectangle((20, 38, 40, 48), fill="blue")
    found = from_tensor(dragged(picture, [], regions=[(corners, turned)]).picture)[0]
    assert found.getpixel((37, 50)) == (0, 0, 255)
    assert found.getpixel((23, 42)) == (255, 255, 255)


def test_mask_says_what_moves():
    """Two discs within one mask move together; the one outside stays."""
    picture = disc(30, 30)
    canvas = ImageDraw.Draw(picture)
    canvas.ellipse((50, 20, 70, 40), fill="green")
    canvas.ellipse((20, 70, 40, 90), fill="blue")
    mask = Image.new("L", (96, 96), 0)
    ImageDraw.Draw(mask).rectangle((10, 10, 85, 60), fill=255)
    area = moving(picture, [((30, 30), (35, 30))], [], mask)
    assert area[30, 30]
    assert area[30, 60]
    assert not area[80, 30]
    assert not area[50, 45]


def test_points_on_one_thing_move_what_they_span():
    """Two points on the two halves of a two-coloured disc take the disc, eyes included."""
    picture = disc(48, 48)
    canvas = ImageDraw.Draw(picture)
    canvas.pieslice((38, 38, 58, 58), 0, 180, fill="blue")
    canvas.rectangle((44, 42, 47, 44), fill="black")
    area = moving(picture, [((48, 40), (60, 40)), ((48, 55), (60, 55))], [], None)
    assert area[43, 45]
    assert area[48, 41]
    assert not area[10, 10]
    single = moving(picture, [((48, 55), (60, 55))], [], None)
    assert single[55, 48]
    assert single[40, 48]  # half of a small thing stands for all of it
    assert not single[10, 10]


def test_one_point_takes_what_a_small_thing_is_made_of_and_not_all_of_a_large_one():
    """An eye within a face goes with its iris; the hair above stays, and so does the face."""
    picture = Image.new("RGB", (96, 96), "white")
    canvas = ImageDraw.Draw(picture)
    canvas.ellipse((8, 4, 88, 70), fill="brown")
    canvas.ellipse((16, 20, 80, 95), fill="pink")
    canvas.ellipse((38, 44, 58, 58), fill="white")
    canvas.ellipse((42, 45, 54, 57), fill="black")
    eye = moving(picture, [((48, 50), (40, 50))], [], None)
    assert eye[50, 48]
    assert eye[51, 40]
    assert not eye[50, 34]
    face = moving(picture, [((48, 80), (48, 85))], [], None)
    assert face[50, 48]  # what lies within it goes along
    assert not face[10, 48]


def test_a_point_on_the_ground_moves_a_box():
    area = moving(disc(30, 48), [((80, 80), (85, 80))], [], None)
    assert area[80, 80]
    assert not area[80, 60]
    assert not area[48, 30]
    mask = Image.new("L", (96, 96), 0)
    ImageDraw.Draw(mask).rectangle((70, 70, 82, 95), fill=255)
    within = moving(disc(30, 48), [((80, 80), (80, 85))], [], mask)
    assert within[80, 80]
    assert not within[80, 84]


FLOWS = {
    "shift": [((30, 48), (62, 40))],
    "shift out": [((30, 48), (2, 94))],
    "shift from the edge": [((2, 48), (40, 48))],
    "turn and grow": [((24, 48), (50, 70)), ((36, 48), (50, 30))],
    "bend": [((24, 44), (20, 20)), ((36, 48), (70, 50)), ((30, 56), (40, 90))],
}


@pytest.mark.parametrize("points", FLOWS.values(), ids=FLOWS)
@pytest.mark.parametrize("place", [(30, 48), (4, 48)])
def test_the_box_holds_all_that_moves(points, place, monkeypatch):
    """Within it the warp is what it would be over the whole picture."""
    picture = disc(*place)
    area = np.asarray(picture)[..., 1] < 128
    ground = np.asarray(disc(*place), np.float64) * np.linspace(0.4, 1, 96)[:, None, None]
    picture = Image.fromarray(ground.astype(np.uint8))
    boxed = warp(to_tensor(picture), area, flow_of(points), None)
    whole_picture = (slice(0, 96), slice(0, 96))
    monkeypatch.setattr(sys.modules[warp.__module__], "reached", lambda *_: whole_picture)
    whole = warp(to_tensor(picture), area, flow_of(points), None)
    assert torch.equal(boxed.vacated, whole.vacated)
    assert torch.allclose(boxed.moved, whole.moved, atol=1e-4)
    assert torch.allclose(boxed.picture, whole.picture, atol=1e-3)


def test_a_box_is_smaller_than_the_picture():
    area = np.zeros((400, 300), bool)
    area[100:120, 50:70] = True
    rows, columns = reached(area, flow_of([((60, 110), (90, 110))]))
    assert rows.start <= 97
    assert 120 <= rows.stop < 160
    assert columns.start <= 47
    assert 100 <= columns.stop < 140
