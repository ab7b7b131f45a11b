"""Write what `yuragi.drag` makes of some points, which the page's own flow must equal.

python web/flows.py
"""

import json
from pathlib import Path

import numpy as np

from yuragi.drag import Hold, bend, flow_of, reach_of

HERE = Path(__file__).parent / "src" / "drag" / "flows.json"
SIZE = 120, 90
CUTS = {
    "translation": [((20, 30), (41, 35))],
    "similarity": [((20, 30), (30, 30)), ((60, 30), (70, 50))],
    "line": [((20, 30), (30, 30)), ((60, 50), (70, 50)), ((100, 70), (80, 55))],
    "corner": [
        ((20, 30), (20, 30)),
        ((60, 50), (60, 70)),
        ((20, 30), (20, 30)),
        ((80, 60), (80, 60)),
    ],
    "spline": [((20, 30), (30, 30)), ((60, 30), (60, 60)), ((40, 70), (20, 75)), ((9, 9), (9, 9))],
}
BENDS = {
    "one": [((60, 45), (75, 40))],
    "turn": [((30, 45), (45, 30)), ((90, 45), (75, 60))],
    "held": [((30, 45), (60, 45)), ((50, 20), (50, 20)), ((80, 70), (75, 74))],
    "together": [
        ((30, 20), (45, 28)),
        ((80, 70), (90, 66)),
        ((75, 20), (92, 24)),
        ((50, 40), (64, 44)),
    ],
    "line": [((20, 45), (30, 45)), ((50, 45), (60, 45)), ((90, 45), (100, 45))],
    "close": [((50, 45), (60, 45)), ((52, 48), (42, 48))],
}


def places() -> np.ndarray:
    """Some places in and around the picture [n, 2]."""
    x, y = np.meshgrid(np.linspace(-0.5, SIZE[0] - 0.5, 9), np.linspace(-0.5, SIZE[1] - 0.5, 7))
    return np.column_stack([x.ravel(), y.ravel()])


def made() -> str:
    """The text of the file."""
    at, cases = places(), []
    for name, points in CUTS.items():
        found = flow_of(points)(at)
        cases.append({"name": name, "kind": "cut", "points": points, "found": found.tolist()})
    white = np.zeros((SIZE[1], SIZE[0]), np.bool_)
    white[10:85, 15:110] = True
    for name, points in BENDS.items():
        reach = reach_of(points, SIZE)
        case = {"name": name, "kind": "bend", "points": points, "reach": reach}
        cases.append(case | {"found": bend(points, reach).back(at).tolist()})
        masked = bend(points, reach, 0.2, Hold(white, reach)).back(at)
        cases.append(case | {"name": f"{name} masked", "rigid": 0.2, "found": masked.tolist()})
    told = {"size": SIZE, "white": [15, 10, 110, 85], "places": at.tolist(), "cases": cases}
    return json.dumps(told) + "\n"


if __name__ == "__main__":
    HERE.write_text(made(), "utf-8")
