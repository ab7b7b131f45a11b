"""From what a client sends to a request."""

import json

import jsonschema
import pytest

from yuragi.errors import InputError
from yuragi.service.requests import asked, schema_of, submission
from yuragi.service.uploads import checked
from yuragi.tasks.tasks import TASKS, parse_request

PIXELS = 1_000_000
STEPS = 100_000


@pytest.fixture
def image(parts, portrait):
    return parts.assets.put(checked(portrait, "image", PIXELS)).id


def made(parts, key=None, **given):
    return submission(
        {"model": "tiny", **given}, parts.assets, PIXELS, STEPS, parts.policy, key, ""
    )


def test_a_request_is_complete_and_its_pictures_are_stored(parts, image):
    got = made(parts, kind="drag", image=image, points=[[[140, 104], [140, 80]]], resize=64)
    again = parse_request(got.request.model_dump_json())
    assert again == got.request
    assert (again.image.width, again.image.height) == (64, 64)
    assert again.points == (((34.625, 25.625), (34.625, 19.625)),)  # as `yuragi drag --resize` does
    (name,) = got.sources.values()
    assert list(got.sources) == [again.image.digest]
    assert parts.assets.find(name).width == 64


def test_equal_submissions_are_known_again_however_they_are_written(parts, image):
    options = {"kind": "sample", "prompt": "a person"}
    first, second = made(parts, **options), made(parts, **options)
    assert first.request.seed != second.request.seed  # drawn, and no part of the submission
    assert first.body == second.body == made(parts, **options, mask=None).body
    assert first.body != made(parts, **options, seed=1).body
    edit = {"kind": "sdedit", "image": image, "prompt": "a person", "seed": 1}
    usual = made(parts, **edit)
    texts = {**edit, "seed": "1", "strength": str(usual.request.strength)}  # as a CSV file has them
    assert usual.body == made(parts, **texts).body
    assert usual.body == made(parts, **edit, strength=usual.request.strength, consent=False).body
    for other in ({"strength": 0.3}, {"consent": True}, {"resize": 64}):
        assert usual.body != made(parts, **edit, **other).body


def test_the_work_of_a_job_is_limited(parts):
    much = {"kind": "sample", "prompt": "a person", "num_images": 10_000}
    with pytest.raises(InputError) as refused:
        made(parts, **much, num_inference_steps=1000)
    assert str(refused.value) == (
        "num_images: 10,000 pictures of 1,000 steps are too much work for one job; this service "
        "allows pictures times steps to be at most 100,000"
    )
    assert made(parts, **much, num_inference_steps=10).request.num_images == 10_000


@pytest.mark.parametrize(
    "text",
    [
        *["", "{", "[]", "5", '{"a": NaN}', "[" * 100_000, "{}", '{"kind": 5}'],
        '{"kind": "sample", "prompt": "\\ud800"}',
        '{"kind": "sample", "prompt": "a\\u0000b"}',
        '{"kind": "sample", "prompt": "a", "prompt": "b"}',
        '{"kind": "sample", "prompt": "' + "a" * 10_001 + '"}',
        '{"kind": "sample", "\\udfff": 1}',
        '{"kind": "drag", "points": [["\\ud800"]]}',
    ],
)
def test_what_is_no_request(text):
    with pytest.raises(InputError):
        asked(text)


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "sample", "prompt": 5},
        {"kind": "sample", "prompt": "x", "strange": 1},
        {"kind": "sample", "prompt": "x", "num_inference_steps": 0},
        {"kind": "sample", "prompt": "x", "seed": -1},
        {"kind": "sample", "prompt": "x", "width": 10**9, "height": 10**9},
        {"kind": "sample", "prompt": "x", "resize": 64},
        {"kind": "inpaint", "prompt": "x", "image": "IMAGE", "expand": [600, 600, 600, 600]},
        {"kind": "sdedit", "prompt": "x"},
        {"kind": "sdedit", "prompt": "x", "image": "/etc/passwd"},
        {"kind": "sdedit", "prompt": "x", "image": "http://example.com/a.png"},
        {"kind": "sdedit", "prompt": "x", "image": {"digest": "0"}},
        {"kind": "sdedit", "prompt": "x", "image": "0" * 32},
        {"kind": "drag", "image": "IMAGE", "points": "IMAGE"},
        {"kind": "drag", "image": "IMAGE", "points": [[[1, 1], [2, 2]]], "preset": []},
        {"kind": "drag", "image": "IMAGE", "points": [[[1, 1], [900, 2]]]},
        {"kind": "sdedit", "image": "IMAGE", "resize": 10**9},
        {"kind": "sdedit", "image": "IMAGE", "max_pixels": 10**12},
    ],
)
def test_options_that_are_not_allowed(parts, image, given):
    filled = {name: image if value == "IMAGE" else value for name, value in given.items()}
    with pytest.raises(InputError):
        made(parts, **filled)


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../models", "owner/name", "owner/name@main", "tiny@zz", "tiny/../tiny", 5, []],
)
def test_models_that_nobody_registered(parts, monkeypatch, name):
    def touched(self):
        raise AssertionError("a name of a client was tried as a path")

    monkeypatch.setattr("yuragi.models.names.model_folder", touched)
    monkeypatch.setattr("yuragi.tasks.build.model_folder", touched)
    weak = {"rule": {"name": "autoguidance", "weak_model": name}}
    for given in ({"model": name}, {"guidance": weak}):
        with pytest.raises(InputError):
            made(parts, kind="sample", prompt="x", **given)


def test_a_version_of_a_registered_model(parts, tiny):
    version = f"tiny@{tiny.loaded.weights[:12]}"
    assert made(parts, kind="sample", prompt="x", model=version).request.model == version


@pytest.mark.parametrize("kind", list(TASKS))
def test_schemas_say_what_is_taken(kind):
    schema = schema_of(TASKS[kind])
    jsonschema.Draft202012Validator.check_schema(schema)
    json.dumps(schema)
    validator = jsonschema.Draft202012Validator(schema)
    given = {"kind": kind, "image": "0" * 32, "prompt": "a person"}
    given |= {"source_prompt": "a person"} if "source_prompt" in schema["properties"] else {}
    given |= {"points": [[[1, 1], [2, 2]]]} if kind == "drag" else {}
    given = {name: value for name, value in given.items() if name in schema["properties"]}
    validator.validate(given)
    for wrong in ({**given, "strange": 1}, {**given, "seed": "x"}, {**given, "kind": "other"}):
        assert not validator.is_valid(wrong)
    assert {"image", "mask"} & {*schema["properties"]} == {
        name for name in ("image", "mask") if name in TASKS[kind].model_fields
    }


def test_schemas_know_options_beside_the_request():
    known = schema_of(TASKS["drag"])["properties"]
    assert {"select", "move", "resize"} <= {*known}
    assert "max_pixels" not in known
    assert known["image"]["type"] == "string"
