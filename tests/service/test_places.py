"""Where a picture was taken is neither stored nor handed on."""

import io

import pytest
from PIL import Image

from located import TRACES, located
from submitting import running
from yuragi.service import jobs
from yuragi.service.uploads import checked

API = "/api/v1"
KINDS = ("PNG", "JPEG", "WEBP")


def told(data):
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        position = bool(picture.getexif().get_ifd(0x8825))
    return position or any(trace in data for trace in TRACES)


@pytest.mark.parametrize("kind", KINDS)
def test_uploads(http, parts, picture, kind):
    sent = located(picture, kind, orientation=6)
    assert told(sent)
    asset = http.post(f"{API}/assets", content=sent).json()
    back = http.get(f"{API}/assets/{asset['id']}").content
    assert not told(back)
    with Image.open(io.BytesIO(back)) as opened:
        assert opened.getexif()[0x0112] == 6  # it is still the right way up
    stored = [parts.assets.files.cat_file(each) for each in parts.assets.files.find(_folder(parts))]
    assert stored == [back]


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_jobs(http, parts, picture, kind):
    sent = {"image": located(picture.resize((128, 128)), kind, orientation=3)}
    request = '{"kind": "sdedit", "model": "tiny", "prompt": "a person", "seed": 1}'
    answer = http.post(f"{API}/jobs", data={"request": request}, files=sent)
    assert answer.status_code == 202
    job = jobs.find(parts.database, answer.json()["id"])
    sources = running(parts, job).sources.values()
    assert len(sources) == 1
    assert not any(told(parts.assets.read(each)) for each in sources)
    assert not any(trace.decode() in answer.text for trace in TRACES)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize("kind", KINDS)
def test_results_in_files_with_their_inputs(tiny, picture, tmp_path, kind, suffix):
    sent = located(picture.resize((128, 128)), kind, orientation=6)
    options = {"prompt": "a person", "seed": 1, "num_inference_steps": 2, "strength": 1.0}
    (file,) = [*tiny.sdedit(sent, **options).save(tmp_path / f"result{suffix}")]
    data = file.read_bytes()
    assert not any(trace in data for trace in TRACES)
    with Image.open(file) as opened:
        opened.load()
        assert not opened.getexif().get_ifd(0x8825)


def test_a_picture_with_damaged_metadata_is_taken(picture):
    held = io.BytesIO()
    picture.save(held, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12\xff" * 40)
    assert checked(held.getvalue(), "image", 10_000).width == 64


def test_a_picture_with_more_pictures_behind_it(http, picture):
    held = io.BytesIO()
    picture.save(held, "MPO", save_all=True, append_images=[picture])
    asset = http.post(f"{API}/assets", content=held.getvalue()).json()
    assert asset["media_type"] == "image/jpeg"


def test_an_animation_is_refused(http, picture):
    held = io.BytesIO()
    picture.save(held, "WEBP", save_all=True, append_images=[picture.rotate(180)])
    answer = http.post(f"{API}/assets", content=held.getvalue())
    assert answer.status_code == 422
    assert "animation" in answer.json()["message"]


def _folder(parts):
    return parts.assets.folder
