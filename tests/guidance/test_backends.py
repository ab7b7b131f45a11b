"""Gains without gradients on networks that have none: compiled ones, and other runtimes."""

import onnxruntime
import pytest
import torch
from torch import nn

from guidance.exact import VP, normal
from yuragi.core import NetworkDenoiser, predictions
from yuragi.guidance import Guided, Ratio, RowSumForward, constant

T = torch.tensor(0.4, dtype=torch.float64)


class Net(nn.Module):
    """A small convolutional eps network that knows the time and a class."""

    def __init__(self):
        super().__init__()
        self.enter, self.leave = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 3, 3, padding=1)
        self.time, self.label = nn.Linear(1, 16), nn.Embedding(2, 16)

    def forward(self, x, timestep, label):
        bias = self.time(timestep[:, None]) + self.label(label)
        return self.leave(torch.nn.functional.silu(self.enter(x) + bias[:, :, None, None]))


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return Net().eval()


def denoisers(call):
    """Strong and weak denoiser on one network call `(x, timestep, label)`."""

    def network(x, timestep, condition):
        return call(x, timestep, condition["label"])

    both = NetworkDenoiser(network, VP, predictions["epsilon"])
    return both.bind({"label": torch.tensor([1])}), both.bind({"label": torch.tensor([0])})


GAINS = {"reg_forward": RowSumForward(), "ratio": Ratio()}


@pytest.mark.parametrize("gain", GAINS.values(), ids=GAINS)
def test_on_a_compiled_network(net, gain):
    x = normal(2, 3, 8, 8, dtype=torch.float32)
    compiled = torch.compile(net, backend="aot_eager", fullgraph=True)
    with torch.no_grad():
        want = Guided(*denoisers(net), constant(3.0), gain)(x, T)
        got = Guided(*denoisers(compiled), constant(3.0), gain)(x, T)
    assert torch.allclose(got, want, atol=1e-4)
    assert not torch.allclose(got, Guided(*denoisers(net), constant(3.0))(x, T), atol=1e-3)


@pytest.mark.parametrize("gain", GAINS.values(), ids=GAINS)
def test_compiled_whole(net, gain):
    """Guidance around the network too; graphs may break between its evaluations."""
    x = normal(2, 3, 8, 8, dtype=torch.float32)
    guided = Guided(*denoisers(net), constant(3.0), gain)
    with torch.no_grad():
        got = torch.compile(guided.__call__, backend="aot_eager")(x, T)
        assert torch.allclose(got, guided(x, T), atol=1e-4)


@pytest.mark.parametrize("gain", GAINS.values(), ids=GAINS)
def test_on_an_onnx_network(net, gain, tmp_path):
    path = tmp_path / "net.onnx"
    batch = torch.export.Dim("batch")
    torch.onnx.export(
        net,
        (normal(3, 3, 8, 8, dtype=torch.float32), torch.ones(3), torch.tensor([0, 1, 1])),
        path,
        dynamo=True,
        dynamic_shapes={"x": {0: batch}, "timestep": {0: batch}, "label": {0: batch}},
        verbose=False,
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]

    def call(x, timestep, label):
        given = dict(zip(names, (x.numpy(), timestep.numpy(), label.numpy()), strict=True))
        return torch.from_numpy(session.run(None, given)[0])

    x = normal(2, 3, 8, 8, dtype=torch.float32)
    with torch.no_grad():
        want = Guided(*denoisers(net), constant(3.0), gain)(x, T)
        got = Guided(*denoisers(call), constant(3.0), gain)(x, T)
    assert torch.allclose(got, want, atol=1e-4)
