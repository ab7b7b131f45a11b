"""Fingerprints of weights."""

from safetensors.torch import save_file
from torch import ones, zeros

from yuragi.adapters.fingerprint import fingerprint


def test_fingerprints_tell_weights_apart(tmp_path):
    for name, tensor in (("a", zeros(4)), ("b", ones(4)), ("c", zeros(4)), ("d", zeros(5))):
        (tmp_path / name).mkdir()
        save_file({"w": tensor}, tmp_path / name / "model.safetensors")
    a, b, c, d = (fingerprint(tmp_path / name) for name in "abcd")
    assert a == c
    assert len({a, b, d}) == 3
