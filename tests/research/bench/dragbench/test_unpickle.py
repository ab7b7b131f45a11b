"""Pickles of plain data are read; anything that could run is refused before it runs."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from yuragi.research.bench.dragbench import UnsafePickleError, read_pickle


def written(folder, value, protocol=None):
    path = folder / "meta_data.pkl"
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", range(6))
def test_plain_data_comes_back(tmp_path, protocol):
    given = {
        "prompt": "a cat",
        "points": [(1, 2), (3.5, np.float32(4))],
        "mask": np.arange(12, dtype=np.uint8).reshape(3, 4),
        "more": [None, True, {"deep": np.zeros(2)}],
    }
    found = read_pickle(written(tmp_path, given, protocol))
    assert found["prompt"] == "a cat"
    assert found["points"] == [(1, 2), (3.5, 4)]
    assert np.array_equal(found["mask"], given["mask"])


class Touch:
    """What an attacker writes: a call with a visible trace."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


class Evaluate:
    def __reduce__(self):
        return eval, ("__import__('os').getcwd()",)


def test_a_malicious_file_runs_nothing(tmp_path):
    trace = tmp_path / "trace"
    path = written(tmp_path, {"prompt": "a cat", "mask": Touch(trace)})
    with pytest.raises(UnsafePickleError, match=r"posix\.system"):
        read_pickle(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    "value",
    [Evaluate(), Path("x"), np.array([object()]), {1, 2}, print, 1j],
    ids=["eval", "path", "objects", "set", "function", "complex"],
)
def test_everything_else_is_refused(tmp_path, value):
    with pytest.raises(UnsafePickleError):
        read_pickle(written(tmp_path, value))


@pytest.mark.parametrize("bytes_", [b"", b"not a pickle", b"\x80\x04\x95", b"Pid\n."])
def test_broken_files_are_refused(tmp_path, bytes_):
    path = tmp_path / "meta_data.pkl"
    path.write_bytes(bytes_)
    with pytest.raises(UnsafePickleError):
        read_pickle(path)


def test_huge_files_are_not_opened(tmp_path):
    path = tmp_path / "meta_data.pkl"
    with path.open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(UnsafePickleError, match="larger"):
        read_pickle(path)
