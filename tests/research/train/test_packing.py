"""A pack carries a run whole: what comes out is what went in, to half precision."""

import json
import shutil

import pytest
import torch
from torch import nn

from yuragi.errors import InputError
from yuragi.research.train.config import Fit
from yuragi.research.train.folders import SCALING
from yuragi.research.train.loop import fit, load_averaged, read_checkpoint
from yuragi.research.train.packing import pack, unpack

PARTS = {
    "autoencoder": "autoencoder",
    "denoiser": "denoiser",
    "decoder": "autoencoder/decoder-step6",
}
"""The folders of the parts of a run."""
CONFIG = Fit(steps=6, batch=4, learning_rate=0.05, warmup=2, ema=0.5, seed=1)


class Network(nn.Module):
    """2.6 MiB in half precision, in tensors of half a MiB; and a buffer of whole numbers."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(*(nn.Linear(512, 512) for _ in range(5)))
        self.register_buffer("positions", torch.arange(77))

    def forward(self, x):
        return self.layers(x)


def train(folder, config=CONFIG, seen=None):
    """A network, other than that of any other part."""
    network = Network()
    network.layers[0].bias.data += len(folder.name)

    def loss(step, rng):
        if seen is not None:
            seen.append(step)
        return network(torch.randn(4, 512, generator=rng)).square().mean()

    fit(network, loss, config, folder, lambda report: None)
    return network


@pytest.fixture
def runs(tmp_path):
    for folder in PARTS.values():
        train(tmp_path / "runs" / folder)
    (tmp_path / "runs" / "denoiser" / SCALING).write_text(json.dumps({"scaling_factor": 0.7}))
    return tmp_path / "runs"


def test_a_pack_is_small_files_that_come_back(runs, tmp_path):
    files = pack(runs, tmp_path / "pack", largest=3)
    assert [file.name for file in files] == [f"packed-{k}-of-6.safetensors" for k in range(1, 7)]
    assert all(file.stat().st_size <= 3 * 2**20 for file in files)
    assert unpack(tmp_path / "pack", tmp_path / "new") == dict.fromkeys(PARTS, 6)
    for part in PARTS.values():
        before, after = (read_checkpoint(folder / part)[0] for folder in (runs, tmp_path / "new"))
        assert after.keys() == {n for n in before if n.startswith(("network.", "averaged."))}
        for name, value in after.items():
            assert value.dtype == before[name].dtype
            torch.testing.assert_close(value, before[name], rtol=2**-11, atol=2**-24)
        # What an export writes, in half precision, is the same bit for bit.
        ours, theirs = Network(), Network()
        load_averaged(ours, runs / part)
        assert load_averaged(theirs, tmp_path / "new" / part) == 6
        for name, value in ours.half().state_dict().items():
            assert torch.equal(value, theirs.half().state_dict()[name])
    assert (tmp_path / "new" / "denoiser" / SCALING).read_text() == '{"scaling_factor": 0.7}'


def test_what_was_made_from_replaced_checkpoints_is_deleted(runs, tmp_path):
    old = tmp_path / "old"
    for folder in (*PARTS.values(), "autoencoder/decoder-step4", "denoiser/reader", "judge"):
        train(old / folder)
    (old / "autoencoder" / "latents-6.safetensors").touch()
    shutil.rmtree(runs / PARTS["decoder"])
    pack(runs, tmp_path / "pack")
    assert set(unpack(tmp_path / "pack", old, overwrite=True)) == {"autoencoder", "denoiser"}
    for part in ("autoencoder", "denoiser"):
        names = {path.name for path in (old / part).iterdir()}
        assert names - {SCALING} == {"checkpoint.safetensors", "log.jsonl"}
    assert (old / "judge").exists()


def test_training_goes_on_from_a_pack(runs, tmp_path):
    pack(runs, tmp_path / "pack")
    unpack(tmp_path / "pack", tmp_path / "new")
    seen = []
    longer = CONFIG.model_copy(update={"steps": 9})
    network = train(tmp_path / "new" / "denoiser", longer, seen)
    assert seen == [6, 7, 8]
    uncut = train(runs / "denoiser", longer)
    far = (network.layers[0].weight - uncut.layers[0].weight).abs().max()
    assert 0 < far < 0.05  # other moments, and a gentler rate, near the same weights
    assert read_checkpoint(tmp_path / "new" / "denoiser")[1] == {"step": "9", "updates": "3"}


def test_an_older_pack_is_replaced(runs, tmp_path):
    pack(runs, tmp_path / "pack", largest=3)
    (file,) = pack(runs, tmp_path / "pack", largest=20)
    assert sorted(tmp_path.glob("pack/*")) == [file]


def test_what_is_missing_is_named(runs, tmp_path):
    with pytest.raises(InputError, match="yuragi train autoencoder"):
        pack(tmp_path / "none", tmp_path / "pack")
    with pytest.raises(InputError, match=r"^largest must be 1 or more.*bias"):
        pack(runs, tmp_path / "pack", largest=0)
    files = pack(runs, tmp_path / "pack", largest=3)
    with pytest.raises(InputError, match=r"^runs must .*--overwrite"):
        unpack(tmp_path / "pack", runs)
    unpack(tmp_path / "pack", runs, overwrite=True)
    files[1].unlink()
    with pytest.raises(InputError, match=r"^folder: there are 5 .*all 6 files"):
        unpack(tmp_path / "pack", tmp_path / "new")
    pack(runs, tmp_path / "other", largest=3)[1].rename(files[1])
    with pytest.raises(InputError, match=r"^folder must be .*same pack"):
        unpack(tmp_path / "pack", tmp_path / "new")
    files[1].write_bytes(b"cut")
    with pytest.raises(InputError, match="whole file"):
        unpack(tmp_path / "pack", tmp_path / "new")
    with pytest.raises(InputError, match="there are 0"):
        unpack(tmp_path / "empty", tmp_path / "new")
