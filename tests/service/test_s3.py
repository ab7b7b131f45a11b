"""Pictures in a store of S3's protocol: a server of moto, with a line to it that can be cut."""

import hashlib
import io
import os
import threading
import time

import pytest
from PIL import Image

pytest.importorskip("s3fs")
pytest.importorskip("moto.server")

import boto3
import s3fs
from starlette.testclient import TestClient

import yuragi
from object_store import Line, free_port, moto
from yuragi.client import Client
from yuragi.service.app import make_app
from yuragi.service.assets import open_assets
from yuragi.service.files import write_whole
from yuragi.service.held import held
from yuragi.service.jobs import NotFound
from yuragi.service.parts import forget_parts
from yuragi.service.settings import Serving
from yuragi.service.states import State
from yuragi.service.uploads import png

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
BUCKET, FOLDER = "pictures", "yuragi/assets"
URL = f"s3://{BUCKET}/{FOLDER}"
MIB = 2**20


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of an object store."""
    with moto(tmp_path_factory.mktemp("moto") / "log") as port:
        yield port


@pytest.fixture
def line(server, monkeypatch):
    """The line by which the service reaches the store, as its operator says in the environment."""
    made = Line(server)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{made.port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()  # they keep the address with which they were made
    yield made
    s3fs.S3FileSystem.clear_instance_cache()
    made.close()


@pytest.fixture
def bucket(server, line):
    """A new bucket, seen by another library and not through the line."""
    store = boto3.resource("s3", endpoint_url=f"http://127.0.0.1:{server}")
    made = store.create_bucket(Bucket=BUCKET)
    yield made
    made.objects.all().delete()
    made.delete()


@pytest.fixture
def store(bucket, parts):
    return open_assets(URL, parts.database)


@pytest.fixture
def app(line, address):
    """A client of a service in this process, with its pictures in the store."""
    made = held(Serving(database=address, assets=URL))
    with TestClient(
        make_app(made), base_url="http://127.0.0.1:8420", raise_server_exceptions=False
    ) as client:
        yield client
    made.close()


def kept(bucket):
    return {each.key: each.get()["Body"].read() for each in bucket.objects.all()}


def test_a_picture_is_put_and_read(store, bucket, picture):
    upload = png(picture)
    asset = store.put(upload)
    assert store.read(asset.id) == upload.data
    assert kept(bucket) == {f"{FOLDER}/{asset.id[:2]}/{asset.id}": upload.data}
    assert store.writable


def test_the_same_content_is_one_object(store, bucket, picture):
    upload, start, found = png(picture), threading.Barrier(4), []

    def put():
        start.wait()
        found.append(store.put(upload))

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (only,) = bucket.objects.all()
    bucket.put_object(Key=only.key, Body=upload.data, Metadata={"mark": "seen"})
    assert found == [store.put(upload)] * 4
    (only,) = bucket.objects.all()
    assert only.Object().metadata == {"mark": "seen"}  # it was not sent again


def test_a_folder_is_not_needed(bucket, parts, picture):
    store = open_assets(f"s3://{BUCKET}", parts.database)
    asset = store.put(png(picture))
    assert [*kept(bucket)] == [f"{asset.id[:2]}/{asset.id}"]


def test_a_missing_asset_is_an_error(store, bucket, picture):
    with pytest.raises(NotFound):
        store.read("0" * 32)
    asset = store.put(png(picture))
    bucket.objects.all().delete()
    with pytest.raises(FileNotFoundError):
        store.read(asset.id)
    store.put(png(picture))  # the database knows it, and the store does not
    assert store.read(asset.id) == png(picture).data


def test_a_damaged_object_is_not_handed_out(store, bucket, picture):
    asset = store.put(png(picture))
    bucket.put_object(Key=f"{FOLDER}/{asset.id[:2]}/{asset.id}", Body=b"other")
    with pytest.raises(OSError, match="damaged"):
        store.read(asset.id)


@pytest.mark.parametrize("size", [MIB, 120 * MIB], ids=["in one request", "in several"])
def test_an_object_appears_whole_or_not_at_all(store, bucket, line, size):
    data, place = os.urandom(size), f"{BUCKET}/{FOLDER}/large"
    line.most = size // 4  # a connection is gone in the middle of it
    with pytest.raises(OSError, match="store failed"):
        write_whole(store.files, {place: data})
    assert line.cuts
    assert kept(bucket) == {}
    line.most = None
    write_whole(store.files, {place: data})
    (found,) = kept(bucket).values()
    assert hashlib.sha256(found).digest() == hashlib.sha256(data).digest()


def test_parts_of_a_job_are_forgotten(store, bucket, line, picture):
    asset = store.put(png(picture))
    write_whole(store.files, {f"{store.folder}/parts/job/a-0.safetensors": b"0"})
    line.most = 0
    forget_parts(store, "job")  # an error here does no harm
    line.most = None
    write_whole(store.files, {f"{store.folder}/parts/job/a-1.safetensors": b"1"})
    write_whole(store.files, {f"{store.folder}/parts/other/a-0.safetensors": b"0"})
    forget_parts(store, "job")
    forget_parts(store, "job")
    left = {f"{FOLDER}/{asset.id[:2]}/{asset.id}", f"{FOLDER}/parts/other/a-0.safetensors"}
    assert kept(bucket).keys() == left


def test_a_store_that_is_away(bucket, line, app, portrait):
    asset = app.post("/api/v1/assets", content=portrait).json()
    assert app.get("/readyz").status_code == 200
    line.most = 0
    sent = app.post("/api/v1/assets", content=portrait)
    fetched = app.get(f"/api/v1/assets/{asset['id']}")
    for answer in (sent, fetched):
        assert answer.status_code == 503
        assert answer.json()["message"] == "the store of pictures cannot be used"
    ready = app.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["problems"] == ["the store of pictures cannot be written"]
    line.most = None
    assert app.get("/readyz").status_code == 200
    assert app.get(f"/api/v1/assets/{asset['id']}").content == portrait


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("yuragi.service.files.DEADLINE_S", 2.0)
    monkeypatch.setattr("yuragi.service.files.PAUSE_S", 0.1)


def test_a_stuck_store_is_not_waited_for_without_end(store, bucket, line, picture, impatient):
    line.stuck = True
    began = time.monotonic()
    with pytest.raises(OSError, match="the store did not answer within 2 seconds"):
        store.put(png(picture))
    with pytest.raises(OSError, match="did not answer"):
        store.ask("cat_file", f"{BUCKET}/{FOLDER}/x")
    assert time.monotonic() - began < 30
    line.stuck = False
    assert store.read(store.put(png(picture)).id) == png(picture).data


def test_a_worker_asks_a_stuck_store_again(bucket, parts, line, picture, impatient):
    store = open_assets(URL, parts.database, tries=4)
    line.stuck = True
    timer = threading.Timer(3.0, setattr, (line, "stuck", False))
    timer.start()
    asset = store.put(png(picture))
    timer.join()
    assert store.read(asset.id) == png(picture).data


def test_a_store_at_which_nobody_listens(line, app, portrait, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    assert app.post("/api/v1/assets", content=portrait).status_code == 503
    assert app.get("/readyz").status_code == 503


def test_a_bucket_that_is_not_there(line, app, portrait):
    assert app.post("/api/v1/assets", content=portrait).status_code == 503
    assert app.get("/readyz").json()["problems"] == ["the store of pictures cannot be written"]


def test_credentials_that_are_not_there(bucket, app, portrait, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert app.post("/api/v1/assets", content=portrait).status_code == 503
    assert app.get("/readyz").json()["problems"] == ["the store of pictures cannot be written"]


def test_a_job_from_upload_to_result(bucket, processes, portrait, pipeline_folder):
    few = {"prompt": "a person", "seed": 3, "num_inference_steps": 10}
    with Client(processes.serve("--assets", URL)) as service:
        asset = service.upload(portrait)
        processes.start("worker", "--device", "cpu", "--assets", URL)
        job = service.submit("sdedit", model="tiny", image=asset.id, **few)
        assert service.wait(job.id).state is State.DONE
        (result,) = service.result(job.id).pictures
        file = service.download(result.id)
    assert kept(bucket)[f"{FOLDER}/{result.id[:2]}/{result.id}"] == file
    assert not [key for key in kept(bucket) if "/parts/" in key]
    own = yuragi.load(pipeline_folder, "cpu").sdedit(portrait, **few)
    assert Image.open(io.BytesIO(file)).tobytes() == own.image.tobytes()
