"""Files are whole or not there, whoever writes them at once."""

import os

import pytest
import torch
from safetensors import safe_open

from yuragi.research.files import save_whole, whole


def test_a_file_is_replaced_at_the_end(tmp_path):
    path = tmp_path / "new" / "a.txt"
    for text in ("first", "second"):
        with whole(path) as partial:
            partial.write_text(text)
            assert not path.exists() or path.read_text() != text
        assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


def test_what_fails_leaves_the_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("kept")

    def interrupted():
        with whole(path) as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "kept"
    assert list(tmp_path.iterdir()) == [path]


def test_two_can_write_at_once(tmp_path):
    path = tmp_path / "a.txt"
    with whole(path) as first:
        first.write_text("first")
        with whole(path) as second:
            second.write_text("second")
        assert (path.read_text(), first.read_text()) == ("second", "first")
    assert path.read_text() == "first"


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    path, told = tmp_path / "a.txt", []
    monkeypatch.setattr(os, "fsync", lambda handle: told.append(path.exists()))
    with whole(path) as partial:
        partial.write_text("x")
    assert told == [False]


def test_tensors_are_saved_with_their_metadata(tmp_path):
    path = tmp_path / "a.safetensors"
    turned = torch.arange(6).view(2, 3).T  # not contiguous
    save_whole({"x": turned}, path, {"step": "3"})
    with safe_open(path, framework="pt") as file:
        assert torch.equal(file.get_tensor("x"), turned)
        assert file.metadata() == {"step": "3"}
