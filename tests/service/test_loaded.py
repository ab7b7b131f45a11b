"""Models that stay loaded."""

import gc

from yuragi.models.opening import Opening
from yuragi.service.loaded import Loaded
from yuragi.tasks.sample import SampleRequest


def test_a_model_is_told_of_when_it_is_loaded_and_can_be_let_go(registered, pipeline_folder):
    seen = []
    loaded = Loaded(Opening(device="cpu"), 1, seen.append)
    first = SampleRequest(model="tiny", prompt="a person", seed=0)
    model, weak = loaded.of(first)
    assert weak is None
    assert loaded.of(first.model_copy(update={"seed": 1}))[0] is model
    assert seen == [model]
    assert gc.get_freeze_count() > 0
    again, _ = loaded.of(first.model_copy(update={"model": str(pipeline_folder)}))
    assert seen == [model, again]
    gc.unfreeze()
