"""A feature backend: the mean colours of the quarters of a picture, 12 numbers without weights."""

from torch.nn.functional import adaptive_avg_pool2d

from yuragi.errors import InputError
from yuragi.research.metrics.backends import Backend, Encoded


def encode(images):
    return Encoded(adaptive_avg_pool2d(images.float(), 2).flatten(1).cpu())


def open_colours(where, device):
    if where:
        raise InputError("features", f"colours:{where}", "colours alone: it has no weights")
    return Backend("colours", "FD-Colours", encode, weights="none")
