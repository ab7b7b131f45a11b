"""Every file tells its request, nothing of this machine, and what it shows."""

import io
import json
from dataclasses import asdict

import pytest
from PIL import Image, ImageChops

from promises import assert_identical
from provenance_files import chunks
from yuragi.images.files import read_carried
from yuragi.images.mark import marked
from yuragi.images.read import MAX_PIXELS, open_picture
from yuragi.models.opening import Opening
from yuragi.provenance.signing import Signing
from yuragi.tasks.record import read_record
from yuragi.tasks.replay import read_result, replay_from

FORMATS = [".png", ".jpg", ".webp"]
HERE = Opening(device="cpu")


@pytest.fixture(scope="module")
def folder(pipeline_folder):
    """A part of the path of the model and of all that the tests write."""
    return str(pipeline_folder.parent)


@pytest.fixture
def files(cli, picture, pipeline_folder, tmp_path):
    """Run a command whose model, picture, mask and weaker model are paths of this machine."""
    inside = tmp_path / "secret-place"
    inside.mkdir()
    picture.save(inside / "face.png", exif=_located())
    mask = Image.new("L", picture.size, 255)
    mask.paste(0, (0, 0, 9, 9))
    mask.save(inside / "mask.png")

    def run(*arguments):
        named = ["--model", pipeline_folder, "--device", "cpu", "--seed", 0, "-q"]
        code, _, err = cli(*arguments, *named)
        assert code == 0, err
        return inside

    return run


def _located():
    exif = Image.Exif()
    exif[0x010E] = "secret-place in the description"
    return exif


@pytest.fixture
def quick(files, pipeline_folder, tmp_path):
    """An edit with all that can be a path."""

    def run(output, *more):
        guided = ["--guidance", "auto", "--weak-model", pipeline_folder]
        inside = tmp_path / "secret-place"
        given = [inside / "face.png", "--mask", inside / "mask.png", "--prompt", "red"]
        return files("sdedit", *given, "--steps", 4, *guided, "-o", inside / output, *more)

    return run


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("sign", [False, True])
def test_no_path_of_the_machine_is_in_a_file(quick, folder, suffix, sign, monkeypatch, tmp_path):
    if sign:
        pytest.importorskip("c2pa", reason="the optional dependencies c2pa are not installed")
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    inside = quick(f"out{suffix}", *(["--sign"] if sign else []))
    path = inside / f"out{suffix}"
    texts = read_carried(open_picture(path, "image"), MAX_PIXELS).texts
    for place in (str(tmp_path), "secret-place", folder):
        data = path.read_bytes()
        for code in ("utf-8", "utf-16-be", "utf-16-le"):
            assert place.encode(code) not in data
        assert not any(place in text for text in texts.values())
    record = json.loads(texts["yuragi"])
    request, origin = record["request"], record["origin"]
    assert request["model"].startswith("tiny@")
    assert request["guidance"]["rule"]["weak_model"] == "tiny"
    assert request["image"]["name"] == "face.png"
    assert request["mask"]["name"] == "mask.png"
    assert (request["seed"], request["solver"]) == (0, "ddpm")
    assert len(origin["weights"]) == len(origin["weak_weights"]) == 32
    assert all(origin[name] for name in ("version", "torch", "diffusers", "noise", "device"))
    assert "Seed: 0" in texts["parameters"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_model_that_was_loaded_by_path_is_found_again(quick, suffix):
    """By the fingerprint of its weights, as is the weaker one."""
    again = replay_from(quick(f"out{suffix}") / f"out{suffix}", HERE)
    assert (again.identical, list(again.notes)) == (True, [])


def test_what_shows_a_drag_tells_its_request_too(files, tmp_path):
    inside = tmp_path / "secret-place"
    shown = {"comparison": "compare.jpg", "animation": "steps.webp"}
    more = ["--compare", inside / "compare.jpg", "--animation", inside / "steps.webp"]
    given = [inside / "face.png", "--point", "26,22:38,22", "-o", inside / "out.png", *more]
    files("drag", *given, "--preset", "fast", "--steps", 4)
    result = read_record(open_picture(inside / "out.png", "image"), "out.png")
    for what, name in shown.items():
        picture = open_picture(inside / name, "image")
        record = read_record(picture, name)
        assert (record.request, record.shows) == (result.request, what)
        again = replay_from(inside / name, HERE)
        assert again.identical is None
        assert "nothing to compare with" in again.notes[0]
        assert_identical(again.result.image, open_picture(inside / "out.png", "image"))
        assert b"secret-place" not in (inside / name).read_bytes()
    with Image.open(inside / "steps.webp") as moving:
        assert moving.n_frames > 2


@pytest.mark.parametrize("suffix", [".png", ".webp", ".gif"])
def test_an_animation_tells_its_request_in_every_format(files, tmp_path, suffix):
    inside = tmp_path / "secret-place"
    given = [inside / "face.png", "--point", "26,22:38,22", "--preset", "fast", "--steps", 3]
    files("drag", *given, "-o", inside / "out.png", "--animation", inside / f"steps{suffix}")
    with Image.open(inside / f"steps{suffix}") as moving:
        assert moving.n_frames > 2
        if suffix == ".gif":  # has room for words only
            assert b"Seed: 0" in moving.info["comment"]
            return
    assert read_record(open_picture(inside / f"steps{suffix}", "image"), "x").shows == "animation"


def test_masks_and_previews_tell_what_they_are(files, tmp_path):
    inside = tmp_path / "secret-place"
    words = ["--source-prompt", "blue", "--prompt", "red", "--steps", 4]
    mask = ["--save-mask", inside / "found.png"]
    files("diffedit", inside / "face.png", *words, *mask, "-o", inside / "out.png")
    assert read_record(open_picture(inside / "found.png", "image"), "x").shows == "mask"
    points = ["--point", "26,22:38,22", "--preview"]
    files("drag", inside / "face.png", *points, "-o", inside / "preview.png")
    record = read_record(open_picture(inside / "preview.png", "image"), "x")
    assert (record.shows, record.origin.device, record.request.model) == ("preview", "none", "tiny")
    assert b"secret-place" not in (inside / "preview.png").read_bytes()


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_marked_picture_is_compared_with_a_marked_one(tiny, picture, tmp_path, suffix):
    made = tiny.sdedit(picture, prompt="red", num_inference_steps=4, seed=0)
    (path,) = made.save(tmp_path / f"out{suffix}", mark=True)
    kept = open_picture(path, "image").convert("RGB")
    if suffix != ".jpg":
        assert_identical(kept, marked(made.image))
    changed = ImageChops.difference(kept, made.image.convert("RGB")).point(lambda x: 255 * (x > 40))
    left, top, right, bottom = changed.getbbox()
    assert right > made.image.width - 8  # it is in the corner, and small
    assert bottom > made.image.height - 8
    assert (right - left) * (bottom - top) < made.image.width * made.image.height / 6
    again = replay_from(path, HERE, tiny.loaded)
    assert again.identical
    assert again.notes == ["the picture has the visible mark, and is compared with a marked one"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_replay_reads_the_credentials_when_the_plain_request_is_gone(
    tiny, picture, tmp_path, monkeypatch, suffix
):
    pytest.importorskip("c2pa", reason="the optional dependencies c2pa are not installed")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = tiny.sdedit(picture, prompt="red", num_inference_steps=4, seed=0)
    (path,) = made.save(tmp_path / f"out{suffix}", signing=Signing(sign=True))
    path.write_bytes(stripped(path.read_bytes(), suffix))
    assert not read_carried(open_picture(path, "image"), MAX_PIXELS).texts
    record, _ = read_result(path)
    assert asdict(record.origin) == asdict(made.origin)
    assert set(record.sources) == set(made.sources)
    again = replay_from(path, HERE, tiny.loaded)
    assert again.identical
    assert list(again.notes) == [
        "the request was read from the content credentials, because the plain one is gone",
        "the file was altered since it was signed",
    ]


def stripped(data, suffix):
    """A file without its plain metadata, and with its credentials."""
    if suffix == ".png":
        kept = [each for each in chunks(data) if each[4:8] not in (b"iTXt", b"tEXt", b"yuSo")]
        return data[:8] + b"".join(kept)
    if suffix == ".webp":
        return b"RIFF" + b"".join(_riff(data))
    held, at = io.BytesIO(data[:2]), 2
    held.seek(0, io.SEEK_END)
    while data[at + 1] != 0xDA:  # the start of the scan
        size = int.from_bytes(data[at + 2 : at + 4], "big") + 2
        if data[at + 1] not in (0xE1, 0xEA):  # EXIF, and ours
            held.write(data[at : at + size])
        at += size
    return held.getvalue() + data[at:]


def _riff(data):
    at, kept = 12, []
    while at < len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        size += 8 + size % 2
        if data[at : at + 4] != b"EXIF":
            kept.append(data[at : at + size])
        at += size
    body = b"WEBP" + b"".join(kept)
    return [len(body).to_bytes(4, "little"), body]
