"""A quick look trains a short judge, unless there is a whole one."""

from yuragi.bench.portraits import BRIEF, brief
from yuragi.train.config import read_recipe


def test_a_short_judge_lies_elsewhere(tmp_path):
    recipe = read_recipe()
    short, runs = brief(recipe, tmp_path)
    assert short.judge.steps == BRIEF < recipe.judge.steps
    assert short.judge.model_copy(update={"steps": 0, "warmup": 0}) == recipe.judge.model_copy(
        update={"steps": 0, "warmup": 0}
    )
    assert runs == tmp_path / "brief"


def test_a_whole_judge_is_taken(tmp_path):
    (tmp_path / "judge").mkdir()
    recipe = read_recipe()
    assert brief(recipe, tmp_path) == (recipe, tmp_path)
