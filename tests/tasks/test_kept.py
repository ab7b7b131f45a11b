"""Runs that are interrupted and go on: as if nothing had happened."""

from dataclasses import dataclass, field

import pytest
import torch

from yuragi.tasks.build import build
from yuragi.tasks.context import BATCH
from yuragi.tasks.run import run
from yuragi.tasks.tasks import TASKS

MORE = {"model": "portraits", "prompt": "a person", "seed": 3}
MANY = {"num_inference_steps": 4, "num_images": BATCH + 2}
PULLED = {"sampler": "ode", "num_inference_steps": 12, "guidance_scale": 2.0}
RATIO = {"name": "ratio"}
SQUARE = [(20, 16), (32, 16), (32, 28), (20, 28)]
CASES = {
    "sample": ("sample", MANY),
    "sdedit": ("sdedit", MANY),
    # Up and down in stretches of steps, whatever solver and gain remember between two steps.
    "invert": ("invert", {"sampler": "ode", "num_inference_steps": 12}),
    "invert along a path": ("invert", {"sampler": "sde", "num_inference_steps": 12}),
    "invert in two steps": (
        "invert",
        {"sampler": "sde", "solver": "sde-dpm++2m", "num_inference_steps": 12},
    ),
    "invert by slopes": ("invert", PULLED | {"guidance": {"gain": RATIO | {"refresh": 3}}}),
    "invert by a reverse product": ("invert", PULLED | {"guidance": {"gain": {"name": "reg"}}}),
    "stress": ("sdedit", MANY | {"guidance": {"gain": {"name": "plain", "stress": True}}}),
    "stress of an inversion": (
        "invert",
        PULLED | {"guidance": {"gain": {"name": "plain", "stress": True}}},
    ),
    "paste with a memory": (
        "drag",
        {"preset": "paper", "sampler": "ode", "points": [((8, 8), (56, 8))]}
        | {"num_inference_steps": 10, "guidance_scale": 7.0}
        | {"guidance": {"gain": {"name": "reg_forward", "refresh": 4}}},
    ),
    "paste": ("drag", {"preset": "fast", "points": [((20, 20), (40, 20))]}),
    "warp": (
        "drag",
        MANY | {"regions": [{"source": SQUARE, "target": [(x + 16, y) for x, y in SQUARE]}]},
    ),
}

GAUGED = {"stress", "stress of an inversion", "invert by slopes"}
"""The cases with a gain that gauges stress."""


@dataclass
class Kept:
    """Keeps parts in memory, and stops in the middle of one."""

    parts: list = field(default_factory=list)
    asked: int = 0
    made: int = 0

    def __call__(self, make):
        number = self.asked
        self.asked += 1
        if number == len(self.parts):
            self.parts.append([each.clone() for each in make()])
            self.made += 1
        return self.parts[number]


class Stop(Exception):
    pass


@pytest.mark.parametrize("case", CASES)
def test_an_interrupted_run_goes_on_with_the_same_bits(tiny, picture, case):
    name, options = CASES[case]
    kind = TASKS[name]
    options = MORE | options | ({"image": picture} if "image" in kind.model_fields else {})
    request, sources = build(kind, options)
    steps = []
    whole = run(request, tiny.loaded, sources, lambda done, total: steps.append((done, total)))
    assert len(whole.guidance.stress) == (len(whole.images) if case in GAUGED else 0)
    total = steps[-1][1]
    assert steps == [(k, total) for k in range(1, total + 1)]
    kept = Kept()

    def stop(done, total):
        if done > 0.6 * total:
            raise Stop

    with pytest.raises(Stop):
        run(request, tiny.loaded, sources, stop, keep=kept)
    before = len(kept.parts)
    assert before > 0
    again, said = Kept(kept.parts), []
    rest = run(request, tiny.loaded, sources, lambda *told: said.append(told), keep=again)
    assert again.made == again.asked - before > 0  # nothing is made twice
    assert [each.tobytes() for each in rest.images] == [each.tobytes() for each in whole.images]
    assert [each.tobytes() for each in rest.frames] == [each.tobytes() for each in whole.frames]
    assert rest.evaluations == whole.evaluations
    assert rest.guidance == whole.guidance
    assert rest.reconstruction == whole.reconstruction
    assert said[-1] == steps[-1]
    assert len(said) < len(steps)


def test_stored_tensors_have_one_order_in_memory(tiny):
    request, sources = build(TASKS["sample"], MORE | {"num_inference_steps": 2})
    kept = Kept()
    run(request, tiny.loaded, sources, keep=kept)
    assert all(each.is_contiguous() for each in kept.parts[0])
    assert kept.parts[0][-1].dtype == torch.float64
