"""Asking file systems that fail, here and elsewhere."""

import os
import stat

import fsspec
import pytest
from fsspec.asyn import AsyncFileSystem
from fsspec.implementations.local import LocalFileSystem

from yuragi.service.files import ask, write_whole


class Failing(AsyncFileSystem):
    """A store that is elsewhere, and fails so many times."""

    cachable = False
    protocol = "failing"

    def __init__(self, times, error):
        super().__init__()
        self.times, self.error, self.asked = times, error, 0

    async def _cat_file(self, path, start=None, end=None, **more):
        self.asked += 1
        if self.asked <= self.times:
            raise self.error
        return b"data"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("yuragi.service.files.PAUSE_S", 0.0)


def test_a_store_is_asked_again_as_often_as_allowed():
    files = Failing(2, RuntimeError("away"))
    assert ask(files, "cat_file", "x", tries=3) == b"data"
    assert files.asked == 3
    files = Failing(2, RuntimeError("away"))
    with pytest.raises(OSError, match="the store failed .RuntimeError."):
        ask(files, "cat_file", "x", tries=2)
    assert files.asked == 2


def test_what_is_missing_is_not_asked_for_again():
    files = Failing(1, FileNotFoundError("x"))
    with pytest.raises(FileNotFoundError):
        ask(files, "cat_file", "x", tries=3)
    assert files.asked == 1


def test_a_deadline_is_told_in_words():
    with pytest.raises(OSError, match="the store did not answer within 120 seconds"):
        ask(Failing(1, TimeoutError()), "cat_file", "x")


def test_file_systems_of_this_machine_are_asked_once(tmp_path, monkeypatch):
    asked = []

    def full(files, path, **more):
        asked.append(path)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LocalFileSystem, "cat_file", full)
    with pytest.raises(OSError, match="No space"):
        ask(LocalFileSystem(), "cat_file", str(tmp_path), tries=3)
    assert len(asked) == 1
    write_whole(fsspec.filesystem("memory"), {"/written/x": b"1"}, tries=3)
    assert ask(fsspec.filesystem("memory"), "cat_file", "/written/x") == b"1"


def test_other_users_can_read_what_is_written(tmp_path):
    place = tmp_path / "a" / "b"
    before = os.umask(0o022)
    try:
        write_whole(LocalFileSystem(), {str(place): b"x"})
    finally:
        os.umask(before)
    assert stat.S_IMODE(place.stat().st_mode) == 0o644
