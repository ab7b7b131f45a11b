"""What is said of a model that is not loaded."""

import shutil

import pytest

from yuragi.models import load
from yuragi.models.familiarity import FAMILIARITY
from yuragi.models.fingerprint import fingerprint
from yuragi.models.knowledge import Knowledge, knowledge_of
from yuragi.models.vocabulary import WORDS


@pytest.fixture
def folder(knowing, tmp_path):
    return shutil.copytree(knowing.loaded.path, tmp_path / "model")


def test_what_its_files_say(folder, monkeypatch):
    def loaded(*given):
        raise AssertionError("it is loaded")

    monkeypatch.setattr(load, "load_diffusers", loaded)
    (folder / WORDS).write_text('{"colours": ["red", "blue"]}')
    found = knowledge_of(folder, fingerprint(folder))
    assert found == Knowledge("smooth pictures", True, {"colours": ["red", "blue"]})


def test_a_calibration_of_other_weights_is_none(folder):
    assert not knowledge_of(folder, "0" * 32).calibrated


@pytest.mark.parametrize("name", [FAMILIARITY, WORDS])
def test_damaged_files_say_nothing(folder, name):
    (folder / name).write_text("{")
    found = knowledge_of(folder, fingerprint(folder))
    assert found == Knowledge("smooth pictures", name != FAMILIARITY, {})


def test_a_model_without_a_folder_of_its_own(tmp_path):
    assert knowledge_of(tmp_path / "none", "0" * 32) == Knowledge()
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"")
    assert knowledge_of(file, "0" * 32) == Knowledge()
