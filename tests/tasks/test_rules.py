"""Guidance rules in whole runs: costs, gauges, replay, and what each rule changes."""

import json
import shutil

import pytest

import yuragi
from promises import assert_different, assert_equal_to_rounding
from yuragi import Guidance, InputError
from yuragi.images.read import open_picture
from yuragi.tasks.guidance.gains import TABLE
from yuragi.tasks.replay import read_result, replay

STEPS = 4

RULES = {
    "cfg": Guidance(),
    "linear": Guidance(rule={"name": "linear", "start": 2.0}),
    "cosine": Guidance(rule={"name": "cosine", "power": 2.0}),
    "interval": Guidance(rule={"name": "interval", "interval": (0.5, 4.0)}),
    "reg": Guidance(gain="reg"),
    "reg_forward": Guidance(gain="reg_forward"),
    "ratio": Guidance(gain={"name": "ratio", "gamma": 0.25}),
    "refreshed": Guidance(gain={"name": "ratio", "refresh": 2}),
    "gauged": Guidance(gain={"name": "plain", "stress": True}),
}


def draw(model, rule, **changes):
    values = {"num_inference_steps": STEPS, "guidance_scale": 4.0, "seed": 0, "solver": "ddim"}
    return model.sample("red hair", guidance=rule, **values | changes)


@pytest.fixture(scope="module")
def drawn(tiny):
    return {name: draw(tiny, rule) for name, rule in RULES.items()}


def test_rules_and_gains_change_the_picture(drawn):
    for name, result in drawn.items():
        # A gauge measures in the same batches, and changes nothing else.
        expect = assert_equal_to_rounding if name in ("cfg", "gauged") else assert_different
        expect(result.image, drawn["cfg"].image)


@pytest.mark.parametrize(
    ("name", "evaluations"),
    [
        ("cfg", 2 * STEPS),
        ("reg", 2 * STEPS),
        ("reg_forward", 3 * STEPS),
        ("ratio", 4 * STEPS),
        ("refreshed", 3 * STEPS),
        ("gauged", 4 * STEPS),
        # A cosine is off at its first step, which needs the strong side alone.
        ("cosine", 2 * STEPS - 1),
    ],
)
def test_what_is_declared_is_spent(drawn, name, evaluations):
    result = drawn[name]
    assert result.evaluations == evaluations
    if name != "cosine":
        assert result.guidance.cost.evaluations * STEPS == evaluations


def test_an_interval_saves_the_weak_side(drawn):
    assert STEPS < drawn["interval"].evaluations < 2 * STEPS


def test_stress_is_per_picture_and_grows_with_the_scale(tiny):
    low, high = (
        draw(tiny, RULES["gauged"], guidance_scale=scale, num_images=10) for scale in (1.5, 6.0)
    )
    assert len(low.guidance.stress) == len(low.guidance.rho) == 10
    assert all(a <= b for a, b in zip(low.guidance.stress, high.guidance.stress, strict=True))
    assert sum(high.guidance.stress) > 0
    assert draw(tiny, RULES["cfg"]).guidance.stress == ()


@pytest.mark.parametrize("name", ["reg", "ratio", "refreshed", "interval"])
def test_guided_results_replay_bit_for_bit(tiny, drawn, tmp_path, name):
    path = tmp_path / "a.png"
    drawn[name].save(path)
    record, kept = read_result(path)
    assert record.request.guidance == RULES[name]
    assert replay(record, kept, tiny.loaded, []).difference == 0
    assert "Guidance: " in open_picture(path, "image").text["parameters"]


def test_autoguidance_with_itself_changes_nothing(tiny, pipeline_folder):
    rule = Guidance(rule={"name": "auto", "weak_model": str(pipeline_folder)})
    guided, unguided = draw(tiny, rule), draw(tiny, Guidance(), guidance_scale=1.0)
    assert_equal_to_rounding(guided.image, unguided.image)
    assert guided.evaluations == 2 * STEPS
    assert guided.origin.weak_weights == guided.origin.weights


def test_a_weaker_model_with_other_levels_is_refused(tiny, pipeline_folder, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(pipeline_folder, other)
    config = other / "scheduler" / "scheduler_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"beta_end": 0.02}))
    with pytest.raises(InputError, match="weak_model"):
        draw(tiny, Guidance(rule={"name": "auto", "weak_model": str(other)}))


def test_scheduled_reads_the_models_table(pipeline_folder, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(pipeline_folder, folder)
    model = yuragi.load(folder, "cpu")
    with pytest.raises(InputError, match=TABLE):
        draw(model, Guidance(gain="scheduled"))
    flat = [[0.01, 1.0], [100.0, 1.0]]
    (folder / TABLE).write_text(json.dumps(flat))
    same = draw(model, Guidance(gain="scheduled"))
    assert_equal_to_rounding(same.image, draw(model, Guidance()).image)
    assert same.evaluations == 2 * STEPS
    assert same.request.guidance.gain.table == ((0.01, 1.0), (100.0, 1.0))  # a replay needs no file
    (folder / TABLE).write_text(json.dumps([[0.01, 3.0], [100.0, 3.0]]))
    damped = draw(model, Guidance(gain="scheduled"))
    # f = 1 / (1 + 4 * 2), so the scale 4 acts as 1 + 3 / 9.
    plain = draw(model, Guidance(), guidance_scale=4 / 3)
    assert_equal_to_rounding(damped.image, plain.image)
    (folder / TABLE).write_text("{}")
    with pytest.raises(InputError, match="gain"):
        draw(model, Guidance(gain="scheduled"))


def test_a_drag_takes_a_gain(tiny, picture):
    drag = {"prompt": "red hair", "preset": "fast", "seed": 1, "num_inference_steps": 5}
    points = [((26, 22), (34, 22))]
    plain = tiny.drag(picture, points, **drag)
    forward = tiny.drag(picture, points, guidance=Guidance(gain="reg_forward"), **drag)
    assert forward.evaluations > plain.evaluations
    assert forward.guidance.cost.evaluations == 3
    assert_different(forward.image, plain.image)
