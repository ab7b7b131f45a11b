"""How a flow of the plane stretches, turns over or folds it."""

import numpy as np


def jacobian(flow, width, height, h=0.01):
    """Determinants of a flow's derivative at every second pixel, by central differences.

    Args:
        flow: the flow.
        width: the width of the picture in pixels.
        height: its height.
        h: the step of the differences, in pixels.

    Returns:
        the determinants [height / 2, width / 2], rounded up.
    """
    y, x = np.mgrid[:height:2, :width:2].astype(float)
    at = np.column_stack([x.ravel(), y.ravel()])
    dx, dy = ((flow(at + h * e) - flow(at - h * e)) / (2 * h) for e in np.eye(2))
    return (dx[:, 0] * dy[:, 1] - dx[:, 1] * dy[:, 0]).reshape(x.shape)
