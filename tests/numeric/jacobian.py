"""How a flow of the plane stretches, turns over or folds it."""

import numpy as np


def jacobian(flow, width, height, h=0.01):
    """Determinants [height, width] of a flow's derivative at pixels, by central differences."""
    y, x = np.mgrid[:height, :width].astype(float)
    at = np.column_stack([x.ravel(), y.ravel()])
    dx, dy = ((flow(at + h * e) - flow(at - h * e)) / (2 * h) for e in np.eye(2))
    return (dx[:, 0] * dy[:, 1] - dx[:, 1] * dy[:, 0]).reshape(height, width)
