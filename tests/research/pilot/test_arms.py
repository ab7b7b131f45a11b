import pytest
from PIL import Image

from piloting import write_draft
from yuragi.errors import InputError
from yuragi.research.pilot.arms import fix, request_of, sources_of
from yuragi.research.pilot.plan import read_draft


def test_every_arm_fits_the_budget_with_its_own_steps(small):
    plan, _, _ = small
    counts = [count for arms in plan.evaluations.values() for count in arms.values()]
    assert all(8 * 0.7 <= count <= 8 for count in counts)
    steps = {arm: each["num_inference_steps"] for arm, each in plan.requests["red-0"].items()}
    assert steps["gain"] < steps["sde"]  # an evaluation more at each step


def test_arms_differ_in_their_options_only(small):
    plan, _, _ = small
    ode, sde = (request_of(plan, "red-1", arm, 17) for arm in ("ode", "sde"))
    assert (ode.seed, ode.image, ode.prompt) == (sde.seed, sde.image, sde.prompt)
    assert (ode.sampler, sde.sampler, ode.seed) == ("ode", "sde", 17)


def test_a_budget_that_an_arm_cannot_use(pipeline_folder, tiny, tmp_path):
    draft = read_draft(write_draft(tmp_path, pipeline_folder))
    tight = draft.budget.model_copy(update={"evaluations": 7, "tolerance": 0.01})
    with pytest.raises(InputError, match=r"edit red-0, arm ode can use 6"):
        fix(draft.model_copy(update={"budget": tight}), tmp_path, tiny.loaded, lambda *_: None)


def test_an_edit_whose_evaluations_no_steps_change(pipeline_folder, tiny, tmp_path):
    path = write_draft(tmp_path, pipeline_folder)
    text = path.read_text("utf-8").replace('task = "sdedit"', 'task = "drag"')
    drag = 'points = ["20,20:24,20"]\nmotion = "bend"'  # a warp, with nothing left to imagine
    path.write_text(text.replace('prompt = "a person with red hair"', drag), "utf-8")
    with pytest.raises(InputError, match=r"edit red-0, arm ode can use 0, not as many"):
        fix(read_draft(path), tmp_path, tiny.loaded, lambda *_: None)


def test_an_option_that_a_task_does_not_have(pipeline_folder, tiny, tmp_path):
    path = write_draft(tmp_path, pipeline_folder)
    path.write_text(path.read_text("utf-8").replace('sampler = "sde"', "speed = 3"), "utf-8")
    with pytest.raises(InputError, match="edit red-0, arm sde: speed"):
        fix(read_draft(path), tmp_path, tiny.loaded, lambda *_: None)


def test_a_picture_that_changed_after_the_plan(pipeline_folder, tiny, tmp_path):
    draft = read_draft(write_draft(tmp_path, pipeline_folder))
    plan = fix(draft, tmp_path, tiny.loaded, lambda *_: None)
    assert len(sources_of(plan, tmp_path)) == 4
    Image.new("RGB", (64, 64)).save(tmp_path / "picture-2.png")
    with pytest.raises(InputError, match=r"edit red-2.image: its pixels changed"):
        sources_of(plan, tmp_path)
