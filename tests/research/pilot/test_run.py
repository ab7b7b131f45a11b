import json
from dataclasses import replace

import pytest

import yuragi
from piloting import write_draft
from yuragi.errors import InputError
from yuragi.research.pilot import run as timing
from yuragi.research.pilot.arms import fix
from yuragi.research.pilot.plan import read_draft
from yuragi.research.pilot.run import read_rows, run_plan


def test_every_run_is_there_with_equal_evaluations(small):
    plan, _, folder = small
    rows = read_rows(folder)
    assert len({row.key for row in rows}) == len(rows) == 4 * 3 * plan.size.seeds
    for row in rows:
        assert row.evaluations == plan.evaluations[row.edit][row.arm]
        assert -1 <= row.measures["kept"] < 1
        assert row.seconds > 0


def test_a_result_replays_from_its_file(small, tiny):
    _, beside, folder = small
    row = read_rows(folder)[0]
    source = beside / f"picture-{row.edit[-1]}.png"
    assert yuragi.replay(folder / row.file, tiny, sources=[source]).identical


def test_a_run_that_was_interrupted_goes_on(pipeline_folder, tiny, tmp_path):
    class Interrupted(Exception):
        pass

    def interrupt(done, total):
        if done == 3:
            raise Interrupted

    plan = fix(
        read_draft(write_draft(tmp_path, pipeline_folder)), tmp_path, tiny.loaded, lambda *_: None
    )
    arguments = plan, tmp_path, tmp_path / "out", tiny.loaded
    with pytest.raises(Interrupted):
        run_plan(*arguments, interrupt)
    before = read_rows(tmp_path / "out")
    assert len(before) == 3
    with open(tmp_path / "out/runs.jsonl", "a") as file:
        file.write('{"plan": "half a l')
    seen = []
    rows = run_plan(*arguments, lambda done, total: seen.append((done, total)))
    assert rows[:3] == before
    assert seen[0] == (4, len(rows))
    for line in (tmp_path / "out/runs.jsonl").read_text().splitlines():
        json.loads(line)


def test_the_first_run_of_a_task_in_an_arm_is_not_timed(
    pipeline_folder, tiny, tmp_path, monkeypatch
):
    path = write_draft(tmp_path, pipeline_folder, pictures=3)
    text = path.read_text("utf-8")
    drag = 'task = "drag"\nimage = "picture-2.png"\noptions = { points = ["20,20:40,20"] }'
    named = 'name = "moved"\ninstruction = { en = "Move it" }'
    path.write_text(text.replace("evaluations = 8\n", "") + f"[[edit]]\n{named}\n{drag}\n")
    plan = fix(read_draft(path), tmp_path, tiny.loaded, lambda *_: None)
    now, seen = 0.0, set()

    def slow_at_first(request, *given, **more):
        nonlocal now
        kind = type(request), request.sampler
        now += 1.0 if kind in seen else 100.0
        seen.add(kind)
        return really(request, *given, **more)

    really = timing.run
    monkeypatch.setattr(timing, "run", slow_at_first)
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now)
    rows = run_plan(plan, tmp_path, tmp_path / "out", tiny.loaded, lambda *_: None)
    assert len(seen) == 4
    assert {row.seconds for row in rows} == {1.0}


def test_other_weights_and_other_plans_are_refused(small, tiny):
    plan, beside, folder = small
    other = replace(tiny.loaded, weights="0" * 32)
    with pytest.raises(InputError, match="it has other weights"):
        run_plan(plan, beside, folder, other, lambda *_: None)
    price = plan.draft.price.model_copy(update={"per_hour": 1.0})
    changed = plan.model_copy(update={"draft": plan.draft.model_copy(update={"price": price})})
    with pytest.raises(InputError, match="it has runs of another plan"):
        run_plan(changed, beside, folder, tiny.loaded, lambda *_: None)
