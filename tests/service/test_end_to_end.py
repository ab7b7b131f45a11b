"""A server and workers in processes of their own: what survives, and what is said meanwhile."""

import asyncio
import hashlib
import io
import os
import signal
import time
from pathlib import Path

import httpx2
import pytest
from PIL import Image

import yuragi
from yuragi.client import AsyncClient, Client, Refused
from yuragi.service.database import open_database
from yuragi.service.settings import Store
from yuragi.service.states import State
from yuragi.tasks.context import BATCH
from yuragi.tasks.tape import STRETCH

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
LONG = {"model": "tiny", "prompt": "a person", "seed": 5, "num_inference_steps": 400}
WORK = ("worker", "--device", "cpu", "--dead-after", 3)


def until(found, seconds=150):
    """The first true answer of a function."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := found():
            return answer
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def pictures(service, job):
    return [service.download(each.id) for each in service.result(job).pictures]


def test_a_job_from_upload_to_result(processes, portrait, pipeline_folder):
    with Client(processes.serve()) as service:
        asset = service.upload(portrait)
        options = {"model": "tiny", "prompt": "a person", "seed": 3, "num_inference_steps": 10}
        job = service.submit("sdedit", image=asset.id, **options)
        assert service.job(job.id).state is State.QUEUED  # there is no worker yet
        processes.start(*WORK)
        told = list(service.events(job.id))
        kinds = [event.kind for event in told]
        assert kinds[:3] == ["queued", "position", "started"]
        assert kinds[-2:] == ["step", "done"]
        assert told[-2].data == {"done": 6, "total": 6}  # strength 0.6 of ten levels
        (file,) = pictures(service, job.id)
        (tiny,) = [each for each in service.models() if each.name == "tiny"]
        assert tiny.capabilities["native_size"] == 128  # learned when it was loaded
        assert service.health().workers
    own = yuragi.load(pipeline_folder, "cpu").sdedit(
        portrait, prompt="a person", seed=3, num_inference_steps=10
    )
    assert Image.open(io.BytesIO(file)).tobytes() == own.image.tobytes()
    assert yuragi.replay(file, pipeline_folder, device="cpu").difference == 0


def test_the_asynchronous_client_from_upload_to_result(processes, portrait):
    async def through(url):
        async with AsyncClient(url) as service:
            assert (await service.health()).ready
            asset = await service.upload(portrait)
            assert await service.download(asset.id) == portrait
            few = {"model": "tiny", "prompt": "a person", "seed": 3, "num_inference_steps": 10}
            first = await service.submit("sdedit", image=asset.id, idempotency_key="k", **few)
            again = await service.submit("sdedit", image=asset.id, idempotency_key="k", **few)
            assert again.id == first.id
            with pytest.raises(Refused) as refused:
                await service.submit("sdedit", image=asset.id, prompt="x", strength=7)
            assert (refused.value.status, refused.value.argument) == (422, "strength")
            second, third = [(await service.submit("sample", **LONG)).id for _ in range(2)]
            assert (await service.pause()).paused
            assert (await service.first(third, second)).queued == [third, second, first.id]
            assert (await service.cancel(second)).state is State.CANCELLED
            assert [each.id for each in await service.jobs(State.QUEUED)] == [third, first.id]
            processes.start(*WORK)
            assert not (await service.resume()).paused
            told = []
            async for event in service.events(third):
                told.append(event)
                if event.kind == "step":
                    break  # the connection is gone
            async for event in service.events(third, told[-1].number):
                told.append(event)
                if event.kind == "step" and event.data["done"] < 300:
                    await service.cancel(third)
            numbers = [event.number for event in told if event.number is not None]
            assert numbers == list(range(1, len(numbers) + 1))
            assert (await service.wait(third)).state is State.CANCELLED
            done = await asyncio.gather(*(service.wait(first.id) for _ in range(3)))
            assert {each.state for each in done} == {State.DONE}
            (picture,) = (await service.result(first.id)).pictures
            Image.open(io.BytesIO(await service.download(picture.id))).load()
            assert (await service.retry(second)).state is State.QUEUED
            assert second in await service.clear()
            assert await service.cancel_waiting() == []
            assert {*await service.schemas()} >= {"sample", "sdedit"}
            assert "tiny" in [each.name for each in await service.models()]
            return first.request

    request = asyncio.run(through(processes.serve()))
    assert request["seed"] == 3


def test_a_killed_worker_s_job_is_finished_by_another_with_the_same_bits(processes):
    with Client(processes.serve()) as service:
        two_batches = {**LONG, "num_inference_steps": 100, "num_images": BATCH + 2}
        killed = service.submit("sample", **two_batches)
        first, _ = processes.start(*WORK, "--name", "first")
        until(lambda: 100 < service.job(killed.id).done < 200)
        processes.kill(first)
        left = service.job(killed.id)
        assert left.state is State.RUNNING  # nobody knows better yet
        assert left.done < 200
        processes.start(*WORK, "--name", "second")
        assert service.wait(killed.id).state is State.DONE
        told = list(service.events(killed.id))
        starts = [k for k, event in enumerate(told) if event.kind == "started"]
        assert [told[k].data["slot"] for k in starts] == ["first-1", "second-1"]
        steps = [event.data["done"] for event in told[starts[1] :] if event.kind == "step"]
        assert steps[0] == 100  # it went on after the first batch
        assert not (Path(Store().assets) / "parts" / killed.id).exists()
        whole = service.submit("sample", **two_batches)
        assert service.wait(whole.id).state is State.DONE
        assert pictures(service, killed.id) == pictures(service, whole.id)


@pytest.mark.parametrize("sampler", ["ode", "sde"])
def test_a_killed_inversion_goes_on_along_its_way_down_with_the_same_bits(
    processes, portrait, sampler
):
    with Client(processes.serve()) as service:
        options = {
            "model": "tiny",
            "prompt": "a person",
            "seed": 5,
            "image": service.upload(portrait).id,
            "sampler": sampler,
            "num_inference_steps": 200,
        }
        killed = service.submit("invert", **options)
        up, total = (200, 400) if sampler == "ode" else (0, 200)
        first, _ = processes.start(*WORK, "--name", "first")
        until(lambda: service.job(killed.id).done > up + 100)
        processes.kill(first)
        left = service.job(killed.id)
        assert left.state is State.RUNNING
        assert left.done < total
        kept = list((Path(Store().assets) / "parts" / killed.id).iterdir())
        assert up < len(kept) * STRETCH <= left.done  # some of the way down is among them
        processes.start(*WORK, "--name", "second")
        assert service.wait(killed.id).state is State.DONE
        told = list(service.events(killed.id))
        starts = [k for k, event in enumerate(told) if event.kind == "started"]
        assert [told[k].data["slot"] for k in starts] == ["first-1", "second-1"]
        steps = [event.data["done"] for event in told[starts[1] :] if event.kind == "step"]
        assert steps[0] == STRETCH  # a stretch that was kept is passed at once
        assert steps[-1] == total
        whole = service.submit("invert", **options)
        assert service.wait(whole.id).state is State.DONE
        assert pictures(service, killed.id) == pictures(service, whole.id)
        results = [service.result(each.id).report for each in (killed, whole)]
        assert results[0]["evaluations"] == results[1]["evaluations"]


def test_a_slot_that_dies_is_started_again_and_goes_on(processes):
    with Client(processes.serve()) as service:
        job = service.submit("sample", **LONG)
        processes.start(*WORK, "--name", "only")
        until(lambda: service.job(job.id).done > 0)
        database = open_database(processes.database)
        with database.reading() as connection:
            (slot,) = connection.exec_driver_sql("SELECT process FROM workers").scalars()
        os.kill(slot, signal.SIGKILL)
        assert service.wait(job.id).state is State.DONE
        starts = [event.data for event in service.events(job.id) if event.kind == "started"]
        assert starts == [{"slot": "only-1", "start": 1}, {"slot": "only-1", "start": 2}]


def test_a_running_job_is_cancelled_within_a_step_and_stays_so(processes):
    with Client(processes.serve()) as service:
        job = service.submit("sample", **{**LONG, "num_inference_steps": 1000})
        waiting = service.submit("sample", **{**LONG, "num_inference_steps": 3})
        processes.start(*WORK)
        until(lambda: service.job(job.id).done > 0)
        assert service.cancel(job.id).state is State.CANCELLING
        asked = time.monotonic()
        assert service.wait(job.id).state is State.CANCELLED
        assert time.monotonic() - asked < 5
        assert service.wait(waiting.id).state is State.DONE  # the worker is well
        found = service.job(job.id)
        assert found.state is State.CANCELLED
        assert found.done < 1000
        again = service.retry(job.id)
        assert again.request == job.request


def test_a_client_that_comes_back_misses_nothing(processes):
    with Client(processes.serve()) as service:
        job = service.submit("sample", **LONG)
        processes.start(*WORK)
        seen = []
        for event in service.events(job.id):
            seen.append(event)
            if event.kind == "step":
                break  # the connection is gone
        last = seen[-1].number
        rest = list(service.events(job.id, last))
        numbers = [event.number for event in (*seen, *rest) if event.number is not None]
        assert numbers == list(range(1, len(numbers) + 1))
        assert rest[-1].kind == "done"
        assert [event.number for event in service.events(job.id, numbers[-1])] == []


def test_a_worker_that_is_stopped_hands_its_job_on_at_once(processes):
    with Client(processes.serve()) as service:
        job = service.submit("sample", **LONG)
        first, _ = processes.start(*WORK, "--name", "first", "--grace", 0)
        until(lambda: service.job(job.id).done > 0)
        first.terminate()
        assert first.wait(15) == 0
        processes.start("worker", "--device", "cpu", "--name", "second", "--dead-after", 600)
        assert service.wait(job.id).state is State.DONE  # long before 600 seconds
        starts = [event.data for event in service.events(job.id) if event.kind == "started"]
        assert [each["start"] for each in starts] == [1, 1]  # being stopped is not dying


def test_a_worker_that_is_stopped_ends_the_part_first(processes):
    with Client(processes.serve()) as service:
        parts = {**LONG, "num_inference_steps": 60, "num_images": 3 * BATCH}
        job = service.submit("sample", **parts)
        first, log = processes.start(*WORK, "--name", "first", "--grace", 120)
        until(lambda: service.job(job.id).done > 0)
        first.terminate()
        assert first.wait(60) == 0
        assert log.read_text().splitlines()[-1].startswith("stopped: jobs that are not finished")
        left = service.job(job.id)
        assert left.state is State.RUNNING
        kept = list((Path(Store().assets) / "parts" / job.id).iterdir())
        assert len(kept) == 1  # not none, as without a grace period, and not all three
        processes.start(*WORK, "--name", "second")
        assert service.wait(job.id).state is State.DONE


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_service_that_is_stopped_says_what_is_left(processes, number):
    url = processes.serve("--workers", 1, "--device", "cpu", "--grace", 0)
    with Client(url) as service:
        jobs = [service.submit("sample", **{**LONG, "num_inference_steps": 1000}) for _ in "ab"]
        until(lambda: service.job(jobs[0].id).done > 0, seconds=150)
        (server,) = processes.started
        asked = time.monotonic()
        server.send_signal(number)
        assert server.wait(30) == 0
        assert time.monotonic() - asked < 15
    said = (processes.folder / "log-0").read_text().splitlines()[-1]
    assert said == "stopped: 1 waiting and 1 unfinished jobs are kept"
    with Client(processes.serve()) as service:
        assert [service.job(each.id).state for each in jobs] == [State.RUNNING, State.QUEUED]


def test_a_token_keeps_others_out(processes, monkeypatch):
    monkeypatch.setenv("YURAGI_TOKEN", "secret")
    url = processes.serve()
    assert httpx2.get(f"{url}/healthz").status_code == 200
    assert httpx2.get(f"{url}/api/v1/jobs").status_code == 401
    with Client(url, token="secret") as service:
        assert service.jobs() == []


def test_files_of_results_are_named_by_their_content(processes):
    with Client(processes.serve()) as service:
        job = service.submit("sample", **{**LONG, "num_inference_steps": 3})
        processes.start(*WORK)
        assert service.wait(job.id).state is State.DONE
        (asset,) = service.result(job.id).pictures
    file = Path(Store().assets) / asset.id[:2] / asset.id
    assert hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest() == asset.id
    assert not list(Path(Store().assets).rglob(".partial-*"))
