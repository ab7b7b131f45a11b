"""The store of pictures, and the checks of what comes into it."""

import hashlib
import io
import threading
import zlib

import pytest

from yuragi.errors import InputError
from yuragi.service.assets import open_assets
from yuragi.service.jobs import NotFound
from yuragi.service.uploads import checked, png


def encoded(picture, kind):
    held = io.BytesIO()
    picture.save(held, kind)
    return held.getvalue()


def test_the_same_bytes_are_the_same_asset(parts, picture):
    upload = checked(encoded(picture, "PNG"), "image", 10_000)
    asset = parts.assets.put(upload)
    assert parts.assets.put(upload) == asset == parts.assets.find(asset.id)
    assert (asset.width, asset.height, asset.media_type) == (64, 48, "image/png")
    assert parts.assets.read(asset.id) == upload.data


def test_many_writers_of_the_same_bytes(parts, picture):
    upload, start, found = png(picture), threading.Barrier(8), []

    def put():
        start.wait()
        found.append(parts.assets.put(upload).id)

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert parts.assets.read(found[0]) == upload.data


def test_several_pictures_are_stored_as_each_alone(parts, picture):
    uploads = [png(each) for each in (picture, picture.rotate(90), picture)]
    assets = parts.assets.put_all(uploads)
    assert assets[0] == assets[2] != assets[1]
    assert [parts.assets.put(each) for each in uploads] == assets
    assert [parts.assets.read(each.id) for each in assets] == [each.data for each in uploads]
    for asset in assets:
        assert parts.assets.find(asset.id) == asset


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "0" * 31, "0" * 32, "A" * 32, "0" * 33, "\0", "\ud800"]
)
@pytest.mark.parametrize("method", ["find", "read"])
def test_no_other_name_leads_to_a_file(parts, name, method):
    with pytest.raises(NotFound):
        getattr(parts.assets, method)(name)


def test_a_file_appears_whole_or_not_at_all(parts, picture, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    upload = png(picture)
    monkeypatch.setattr("yuragi.service.files.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        parts.assets.put(upload)
    with pytest.raises(OSError, match="No space"):
        parts.assets.put_all([upload, png(picture.rotate(90))])
    assert not parts.assets.writable
    monkeypatch.undo()
    name = hashlib.blake2b(upload.data, digest_size=16).hexdigest()
    for ask in (parts.assets.find, parts.assets.read):
        with pytest.raises(NotFound):
            ask(name)
    assert [
        p for p in parts.assets.files.find(parts.assets.folder) if not p.endswith(".probe")
    ] == []
    assert parts.assets.read(parts.assets.put(upload).id) == upload.data


def test_a_damaged_file_is_not_handed_out(parts, picture):
    asset = parts.assets.put(png(picture))
    parts.assets.files.pipe_file(f"{parts.assets.folder}/{asset.id[:2]}/{asset.id}", b"other")
    with pytest.raises(OSError, match="damaged"):
        parts.assets.read(asset.id)


def test_another_file_system(parts, picture):
    store = open_assets("memory://pictures", parts.database)
    upload = png(picture)
    assert store.read(store.put(upload).id) == upload.data
    assert store.writable
    with pytest.raises(InputError, match="fsspec"):
        open_assets("nowhere://x", parts.database)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_three_kinds_of_files_are_taken(picture, kind):
    assert checked(encoded(picture, kind), "image", 10_000).media_type == f"image/{kind.lower()}"


@pytest.mark.parametrize("kind", ["BMP", "GIF", "TIFF", "PPM"])
def test_other_kinds_are_refused(picture, kind):
    with pytest.raises(InputError, match="PNG, JPEG or WebP"):
        checked(encoded(picture, kind), "image", 10_000)


def test_size_is_checked_before_decoding(picture, monkeypatch):
    whole = encoded(picture, "PNG")
    with pytest.raises(InputError, match="cannot be read"):
        checked(whole[: len(whole) // 2], "image", 10_000)
    header = b"IHDR" + (100_000).to_bytes(4, "big") * 2 + whole[24:29]  # it promises much
    huge = whole[:12] + header + zlib.crc32(header).to_bytes(4, "big") + whole[33:]

    def decode(self, *given):
        raise AssertionError("it is decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    with pytest.raises(InputError, match="pixels"):
        checked(whole, "image", 64 * 48 - 1)
    with pytest.raises(InputError, match="too large to be read safely"):
        checked(huge, "image", 10_000)
