"""Fingerprints of weights."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn, ones, zeros
from torch.utils._pytree import tree_map

from yuragi.models.fingerprint import fingerprint, fingerprint_of


def test_fingerprints_tell_weights_apart(tmp_path):
    for name, tensor in (("a", zeros(4)), ("b", ones(4)), ("c", zeros(4)), ("d", zeros(5))):
        (tmp_path / name).mkdir()
        save_file({"w": tensor}, tmp_path / name / "model.safetensors")
    a, b, c, d = (fingerprint(tmp_path / name) for name in "abcd")
    assert a == c
    assert len({a, b, d}) == 3


class Quantised(torch.Tensor):
    """A weight kept as integers and a scale, as torchao keeps it: it has no storage of its own.

    A linear layer can use it; nothing can be cut out of it.
    """

    @staticmethod
    def __new__(cls, integers, scale):
        return torch.Tensor._make_wrapper_subclass(cls, integers.shape, dtype=scale.dtype)

    def __init__(self, integers, scale):
        self.integers, self.scale = integers, scale

    def __tensor_flatten__(self):
        return ["integers", "scale"], None

    @classmethod
    def __tensor_unflatten__(cls, parts, context, size, stride):
        return cls(parts["integers"], parts["scale"])

    @classmethod
    def __torch_dispatch__(cls, function, types, arguments=(), keywords=None):
        if function is torch.ops.aten.detach.default:
            return cls(arguments[0].integers, arguments[0].scale)
        if function not in (torch.ops.aten.t.default, torch.ops.aten.addmm.default):
            raise NotImplementedError(f"{function} of a quantised weight")
        return function(*tree_map(plain, arguments))


def plain(value):
    return value.integers * value.scale if isinstance(value, Quantised) else value


def quantised(integers, scale):
    layer = nn.Linear(3, 2)
    layer.bias.data.zero_()
    weight = Quantised(torch.tensor(integers, dtype=torch.int8), torch.tensor(scale))
    layer.weight = nn.Parameter(weight, requires_grad=False)
    return layer


def test_quantised_weights_are_told_apart_by_what_they_keep():
    layer = quantised([[1, 2, 3], [4, 5, 6]], 0.5)
    assert layer(ones(1, 3)).tolist() == [[3.0, 7.5]]
    with pytest.raises(NotImplementedError):
        layer.weight.flatten()
    here = fingerprint_of(layer)
    assert here == fingerprint_of(quantised([[1, 2, 3], [4, 5, 6]], 0.5))
    assert here != fingerprint_of(quantised([[1, 2, 3], [4, 5, 7]], 0.5))
    assert here != fingerprint_of(quantised([[1, 2, 3], [4, 5, 6]], 0.25))
