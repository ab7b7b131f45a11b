"""torch-fidelity's measures, as references for ours."""

import sys
import types
from importlib import import_module

import pytest


@pytest.fixture
def fidelity(monkeypatch):
    """A function that imports its modules by name.

    The package imports torchvision, whose builds for GPUs do not load on a machine without one. No
    measure uses it: an empty module stands in.
    """
    names = ["torchvision", "torchvision.transforms", "torchvision.transforms.functional"]
    for name in [*names, "torchvision.datasets", "torchvision.models"]:
        stub = types.ModuleType(name)
        for missing in ("CIFAR10", "STL10", "CIFAR100"):
            setattr(stub, missing, type(missing, (), {}))
        monkeypatch.setitem(sys.modules, name, stub)
    yield lambda name: import_module(f"torch_fidelity.{name}")
    for name in [each for each in sys.modules if each.split(".")[0] == "torch_fidelity"]:
        del sys.modules[name]
