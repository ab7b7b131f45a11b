"""Replays: models come from this machine alone, and a picture that differs says why."""

import json
import shutil
import socket
from dataclasses import replace

import huggingface_hub
import pytest
from huggingface_hub import constants
from PIL import Image, PngImagePlugin

import yuragi
from yuragi.core import NOISE_VERSION
from yuragi.errors import InputError
from yuragi.models.hub import HUB
from yuragi.models.load import load_diffusers
from yuragi.models.names import load_weak
from yuragi.models.opening import Opening
from yuragi.tasks.guidance import Guidance
from yuragi.tasks.replay import model_of, read_result, replay

COMMIT = "0123456789abcdef0123456789abcdef01234567"
QUICK = {"num_inference_steps": 2, "seed": 0}


@pytest.fixture
def attempts(monkeypatch):
    """Hosts that somebody tried to reach; nobody is reached."""
    tried = []

    def refuse(*address, **options):
        tried.append(address)
        raise OSError("no network in this test")

    for name in ("create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    return tried


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """The hub's cache on this machine, empty."""
    folder = tmp_path / "hub"
    folder.mkdir()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    return folder


@pytest.fixture
def keep(cache, pipeline_folder):
    """Put a model into the cache, as a download does."""

    def put(name, commit=COMMIT):
        entry = cache / ("models--" + name.replace("/", "--"))
        (entry / "refs").mkdir(parents=True, exist_ok=True)
        (entry / "refs" / "main").write_text(commit)
        shutil.copytree(pipeline_folder, entry / "snapshots" / commit)
        return entry

    return put


@pytest.fixture(scope="module")
def of_the_hub(tiny, tmp_path_factory):
    """What a picture tells that was made with a revision of a model on the hub."""
    path = tmp_path_factory.mktemp("made") / "out.png"
    tiny.sample("red", **QUICK).save(path)
    record, _ = read_result(path)

    def named(name, revision=COMMIT):
        card = replace(record.origin.card, revision=revision)
        request = record.request.model_copy(update={"model": name})
        return replace(record, request=request, origin=replace(record.origin, card=card))

    return named


def saved(path, name, **settings):
    """A result of a model on this machine, and what it tells about itself."""
    made = yuragi.load(name, "cpu", offline=True).sample("red", **QUICK, **settings)
    made.save(path)
    return read_result(path)


def changed(path, change):
    """The same file with another record inside."""
    with Image.open(path) as opened:
        opened.load()
        record = json.loads(opened.text["yuragi"])
        change(record)
        info = PngImagePlugin.PngInfo()
        info.add_text("yuragi", json.dumps(record))
        opened.save(path, pnginfo=info)


def test_a_name_on_the_hub_is_asked_for_elsewhere(cache, attempts):
    """So that the tests below would see it."""
    with pytest.raises(InputError, match="that the hub can be asked for"):
        load_diffusers("owner/name", Opening(device="cpu"))
    assert attempts


def test_a_model_of_the_hub_is_taken_from_this_machine(keep, attempts, tmp_path):
    keep("owner/name")
    record, kept = saved(tmp_path / "out.png", "owner/name")
    assert record.request.model == "owner/name"
    again = replay(record, kept, model_of(record, Opening(device="cpu")), [])
    assert (again.difference, again.reason) == (0, "")
    assert not attempts


@pytest.mark.parametrize("name", ["owner/name", f"owner/name@{COMMIT}"])
def test_a_model_that_is_not_here_is_not_fetched(keep, attempts, of_the_hub, name):
    """Another revision is, but it did not make the picture."""
    record = of_the_hub(name)
    keep("owner/name", "f" * 40)
    command = f"yuragi models fetch owner/name@{COMMIT}"
    with pytest.raises(InputError, match=f"^model.*this machine.*: {command}$"):
        model_of(record, Opening(device="cpu"))
    with pytest.raises(
        InputError, match=f": {command}$".replace("yuragi", "yuragi --allow-pickle")
    ):
        model_of(record, Opening(device="cpu", allow_pickle=True))
    with pytest.raises(InputError, match=": yuragi models fetch other/place$"):
        model_of(record, Opening(device="cpu"), "other/place")
    assert not attempts


def test_a_weaker_model_is_not_fetched_either(keep, attempts, tmp_path):
    keep("owner/name")
    entry = keep("owner/weak")
    rule = Guidance(rule={"name": "auto", "weak_model": "owner/weak"})
    record, kept = saved(tmp_path / "out.png", "owner/name", guidance=rule)
    strong = model_of(record, Opening(device="cpu"))
    weak = load_weak(record.request.weak_model, strong)
    assert replay(record, kept, strong, [], weak=weak).difference == 0
    shutil.rmtree(entry)
    with pytest.raises(InputError, match="^weak_model.*: yuragi models fetch owner/weak$"):
        load_weak(record.request.weak_model, strong)
    assert not attempts


@pytest.mark.parametrize("revision", ["../../other", "v1 --force", "F" * 40, COMMIT + "0"])
def test_only_a_commit_gets_into_the_command(cache, attempts, of_the_hub, revision):
    """A stranger's file may say anything."""
    forged = of_the_hub("owner/name", revision)
    with pytest.raises(InputError, match=": yuragi models fetch owner/name$"):
        model_of(forged, Opening(device="cpu"))
    assert not attempts


def test_the_command_fetches_what_the_replay_wants(
    keep, cache, attempts, tmp_path, monkeypatch, cli
):
    entry = keep("owner/name")
    saved(tmp_path / "out.png", "owner/name")
    shutil.rmtree(entry)
    code, _, told = cli("replay", "out.png", "--device", "cpu")
    assert code == 2
    _, _, command = told.splitlines()[-1].rpartition(": ")
    asked = []

    def download(repository, **options):
        asked.append((repository, options["revision"], options["local_files_only"]))
        return keep(repository, options["revision"]) / "snapshots" / options["revision"]

    with monkeypatch.context() as patched:
        patched.setattr(huggingface_hub, "snapshot_download", download)
        code, out, _ = cli(*command.split()[1:])
    assert (code, out.strip()) == (0, str(entry / "snapshots" / COMMIT))
    assert asked == [("owner/name", COMMIT, False)]
    assert cli("replay", "out.png", "--device", "cpu")[:2] == (0, "identical, bit for bit\n")
    assert not attempts


def test_fetching_wants_a_name_on_the_hub(cli):
    assert not HUB.fullmatch("portraits")
    code, _, told = cli("models", "fetch", "portraits")
    assert (code, told.startswith("error: model must be a name on the hub")) == (2, True)


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    "changes",
    [
        {"index": 7},
        {"index": -1},
        {"index": 1e400},
        {"origin": []},
        {"origin": {}},
        {"origin": {"weights": 5}},
        {"origin": {"card": []}},
        {"origin": {"card": {"kind": "", "config": "", "revision": 5}}},
        {"shows": "nothing"},
        {"request": []},
        DEEP,
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_a_record_that_a_stranger_changed_is_refused_before_the_model_runs(tiny, tmp_path, changes):
    path = tmp_path / "out.png"
    made = tiny.sample("red", num_images=2, **QUICK)
    text = changes if isinstance(changes, str) else altered(made.record.text, changes)
    info = PngImagePlugin.PngInfo()
    info.add_text("yuragi", text)
    made.image.save(path, pnginfo=info)
    with pytest.raises(InputError, match="with its request inside"):
        read_result(path)
    with pytest.raises(InputError, match="a request and its origin, as JSON"):
        read_result(text if text.startswith("{") else f'{{"request": {text}}}')


def altered(text, changes):
    """A record with other values; those of its origin are changed one by one."""
    told = json.loads(text)
    for name, value in changes.items():
        told[name] = told[name] | value if name == "origin" and value else value
    return json.dumps(told)


def test_results_carry_the_version_of_the_noise(tiny, tmp_path):
    made = tiny.sample("red", **QUICK)
    assert made.origin.noise == NOISE_VERSION == 2
    made.save(tmp_path / "out.png")
    assert read_result(tmp_path / "out.png")[0].origin == made.origin


def test_a_picture_of_older_noise_says_why_it_differs(tiny, tmp_path, pipeline_folder, cli):
    """Files of releases before version 2 of the noise do not name it."""
    path = tmp_path / "out.png"
    tiny.sample("red", **QUICK).save(path)
    changed(path, lambda record: record["origin"].pop("noise"))
    record, kept = read_result(path)
    assert record.origin.noise == 1
    same = replay(record, kept, tiny.loaded, [])
    assert (same.difference, same.reason) == (0, "")  # what draws no noise is as it was

    changed(path, lambda record: record["request"].update(seed=1))  # other numbers
    record, kept = read_result(path)
    other = replay(record, kept, tiny.loaded, [])
    assert other.difference > 0
    assert "version 1 of Yuragi's noise" in other.reason
    code, out, told = cli("replay", path, "--model", pipeline_folder, "--device", "cpu", "-q")
    assert code == 1
    assert out == f"differs by up to {other.difference} of 255 levels\n"
    assert told == f"note: {other.reason}\n"

    changed(path, lambda record: record["origin"].update(noise=NOISE_VERSION))
    assert replay(read_result(path)[0], kept, tiny.loaded, []).reason == ""


def test_a_replay_has_the_precision_of_the_result(pipeline_folder, tmp_path, cli):
    path = tmp_path / "half.png"
    half = yuragi.load(pipeline_folder, "cpu", dtype="bfloat16")
    half.sample("red", **QUICK).save(path)
    again = yuragi.replay(path)
    assert (again.difference, again.reason) == (0, "")
    assert again.result.origin.dtype == "bfloat16"
    other = yuragi.replay(path, model=yuragi.load(pipeline_folder, "cpu"))
    assert other.difference > 0
    assert "with precision bfloat16, and this run used precision float32" in other.reason
    code, _, told = cli("replay", path, "--dtype", "float32", "--device", "cpu", "-q")
    assert code == 1
    assert told == f"note: {other.reason}\n"


def test_another_device_has_its_own_precision(pipeline_folder, tmp_path):
    """Half precision is slow on many processors, and would give other pictures all the same."""
    path = tmp_path / "gpu.png"
    yuragi.load(pipeline_folder, "cpu").sample("red", **QUICK).save(path)

    def elsewhere(record):
        record["origin"].update(dtype="float16", device="NVIDIA H100")
        record["request"].update(seed=1)

    changed(path, elsewhere)
    again = yuragi.replay(path)
    assert again.result.origin.dtype == "float32"
    assert "with device NVIDIA H100, precision float16, and this run used" in again.reason


def test_a_mask_is_not_replayed_for_nothing(tiny, picture, tmp_path, cli):
    result = tiny.sample("red", **QUICK)
    path = tmp_path / "c.png"
    result.save(path)
    changed(path, lambda record: record.update(shows="comparison"))
    code, _, told = cli("replay", path, "--device", "cpu")
    assert code == 2
    assert told.startswith("error: --output: a replay is not compared with a comparison")
    assert cli("replay", path, "--device", "cpu", "-q", "-o", "again.png")[0] == 0
