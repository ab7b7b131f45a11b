"""EfficientNet-Lite0's features: same size for any picture, near for near pictures."""

import numpy as np
import pytest
import torch

from yuragi.research.metrics.features import load_features
from yuragi.research.train.autoencoder import arrays_to_tensor
from yuragi.research.train.portraits import draw, portrait


@pytest.fixture(scope="module")
def features():
    return load_features(torch.device("cpu"))


def test_a_blurred_portrait_is_nearer_than_another_person(features):
    images = arrays_to_tensor(np.stack([draw(portrait("validation", k)) for k in (0, 1, 2)]))
    blurred = torch.nn.functional.avg_pool2d(images, 3, 1, 1, count_include_pad=False)
    own, other = features(images), features(blurred)
    assert own.shape == (3, 1280)
    distance = torch.cdist(other, own)
    assert distance.argmin(1).tolist() == [0, 1, 2]
    assert torch.allclose(features(images, batch=2), own, atol=1e-4)
