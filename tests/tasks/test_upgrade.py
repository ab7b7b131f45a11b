"""Requests of earlier commits are read in today's form."""

import json

import pytest

from yuragi.tasks.guidance import Guidance
from yuragi.tasks.inpaint import InpaintRequest
from yuragi.tasks.picture import PictureRef
from yuragi.tasks.sample import SampleRequest
from yuragi.tasks.tasks import parse_request

FLAT = {
    "rule": "cfg",
    "interval": None,
    "steps": None,
    "start": None,
    "power": None,
    "weak_model": None,
    "gain": "plain",
    "gamma": None,
    "reach": None,
    "table": None,
    "channels": None,
    "refresh": 1,
    "stress": False,
}


@pytest.mark.parametrize(
    ("flat", "guidance"),
    [
        ({}, Guidance()),
        ({"rule": "linear", "start": 2.0}, {"rule": {"name": "linear", "start": 2.0}}),
        (
            {"rule": "interval", "steps": [0.2, 0.8]},
            {"rule": {"name": "interval", "shares": (0.2, 0.8)}},
        ),
        (
            {"gain": "ratio", "gamma": 0.5, "reach": 1.0, "refresh": 4},
            {"gain": {"name": "ratio", "gamma": 0.5, "refresh": 4}},
        ),
        ({"gain": "reg", "channels": 3}, {"gain": "reg", "channels": 3}),
        ({"stress": True}, {"gain": {"name": "plain", "stress": True}}),
    ],
)
def test_flat_guidance(flat, guidance):
    today = SampleRequest(prompt="red hair", seed=1, guidance=guidance)
    old = json.loads(today.model_dump_json()) | {"guidance": FLAT | flat}
    assert parse_request(json.dumps(old)) == today


def test_edits_of_the_whole_picture():
    ref = PictureRef(name="", digest="0" * 32, width=4000, height=3000)
    today = InpaintRequest(image=ref, mask=ref, seed=1)
    old = json.loads(today.model_dump_json(exclude={"crop"}))
    assert today.crop == "auto"
    assert parse_request(json.dumps(old)) == today.model_copy(update={"crop": "off"})
