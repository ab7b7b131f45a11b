"""Credentials in a folder of their own, and signed files."""

import io

import pytest

pytest.importorskip("c2pa", reason="the optional dependencies c2pa are not installed")

from yuragi.provenance.sign import Input, Statement, signed
from yuragi.provenance.signing import Signing


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def encoded(picture):
    """The bytes of the small picture in a format."""

    def encode(format="PNG", of=picture):
        held = io.BytesIO()
        of.save(held, format)
        return held.getvalue()

    return encode


@pytest.fixture
def sign(encoded):
    """Sign a file with an input, by the development certificate."""

    def make(data=None, parent=None, signing=None, record="{}"):
        inputs = [Input("face.png", parent or encoded(), "parentOf", encoded())]
        statement = Statement(
            {"name": "Yuragi", "version": "1"},
            "compositeWithTrainedAlgorithmicMedia",
            "sdedit with the model tiny",
            record,
            inputs,
        )
        return signed(data or encoded(), "out.png", statement, signing or Signing())

    return make
