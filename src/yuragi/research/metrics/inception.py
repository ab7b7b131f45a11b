"""The Inception network of published FID, KID and IS figures, by torch-fidelity.

torch-fidelity (Apache-2.0) has a port of the network that those figures were computed with,
including the way it scales pictures. The user supplies the file of its weights,
``weights-inception-2015-12-05-6726825d.pth`` of torch-fidelity's release 0.2.0.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

import torch
from torch import Tensor

from yuragi.errors import InputError, YuragiError
from yuragi.models.fingerprint import fingerprint_of
from yuragi.research.metrics.backends import Backend, Encoded
from yuragi.research.metrics.levels import levels_of

__all__ = ["open_inception"]

FEATURES, LOGITS = "2048", "logits_unbiased"
"""The layers that FID and IS are defined on."""


def open_inception(where: str, device: torch.device) -> Backend:
    """Open the network with weights from a file.

    Raises:
        InputError: the file is missing, or does not contain these weights.
        YuragiError: torch-fidelity is not installed; the message says how to install it.
    """
    allowed = "inception:FILE, with torch-fidelity's file of Inception's weights"
    if not where:
        raise InputError("features", "inception", allowed)
    with _without_its_neighbours() as fidelity:
        extractor = import_module(f"{fidelity}.feature_extractor_inceptionv3")
    try:
        # Such files are pickles, and the extractor would run code inside them, so check first.
        torch.load(where, map_location="cpu", weights_only=True)
        network = extractor.FeatureExtractorInceptionV3(
            "inception-v3-compat", [FEATURES, LOGITS], feature_extractor_weights_path=where
        )
    except (OSError, RuntimeError, pickle.UnpicklingError, TypeError, AttributeError) as error:
        raise InputError("features", f"inception:{where}", allowed) from error
    network.to(device)

    def encode(images: Tensor) -> Encoded:
        features, logits = network(levels_of(images).to(device))
        return Encoded(features.float().cpu(), logits.float().cpu())

    return Backend("inception", "FID", encode, fingerprint_of(network))


@contextmanager
def _without_its_neighbours() -> Iterator[str]:
    """Import modules of torch-fidelity alone, without the whole package.

    The package's own ``__init__`` also imports its other networks and data sets, which need a
    torchvision that matches the installed PyTorch; Inception does not.
    """
    name = "torch_fidelity"
    spec = find_spec(name) if name not in sys.modules else None
    if name in sys.modules:
        yield name
        return
    if spec is None:
        raise YuragiError(
            "the features inception need torch-fidelity: pip install --no-deps torch-fidelity"
        )
    bare: Any = module_from_spec(spec)
    sys.modules[name] = bare
    try:
        yield name
    finally:
        for held in [module for module in sys.modules if module.split(".")[0] == name]:
            del sys.modules[held]
