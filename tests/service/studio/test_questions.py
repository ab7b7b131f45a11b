"""What the page asks beside the jobs: warps, models, pictures, texts, the lab."""

import base64
import io
import shlex

import numpy as np
import pytest
from PIL import ExifTags, Image

from yuragi.drag.warp import warp
from yuragi.images.tensors import from_tensor, to_tensor

STUDIO = "/api/v1/studio"
POINTS = [[[150, 48], [110, 60]], [[150, 230], [140, 230]]]


@pytest.fixture
def asset(http, portrait):
    return http.post("/api/v1/assets", content=portrait).json()["id"]


def opened(url):
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


def test_the_layers_of_a_cut_make_the_warp(http, asset, portrait):
    """What lies behind the thing is what the library's warp shows there."""
    from yuragi.drag import flow_of

    told = http.post(f"{STUDIO}/layers", json={"image": asset, "points": POINTS}).json()
    assert told["motion"] == "cut"
    left, top, right, bottom = told["box"]
    soft = np.zeros((256, 256), np.uint8)
    soft[top:bottom, left:right] = np.asarray(opened(told["area"]))
    picture = Image.open(io.BytesIO(portrait)).convert("RGB")
    behind = picture.copy()
    behind.paste(opened(told["behind"]), (left, top))
    sharp = soft > 127
    flow = flow_of([tuple(map(tuple, pair)) for pair in POINTS])
    made = warp(to_tensor(picture), sharp, flow, None)
    wanted = np.asarray(from_tensor(made.picture)[0])
    # Where everything went away and nothing arrived, the warp shows what is behind.
    gone = made.vacated[0, 0].numpy() & (made.moved[0, 0].numpy() == 0)
    assert gone.any()
    off = np.abs(wanted.astype(int) - np.asarray(behind).astype(int))[gone]
    assert off.mean() < 2


def test_a_photograph_bends(http):
    grain = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    held = io.BytesIO()
    Image.fromarray(grain).save(held, "PNG")
    asset = http.post("/api/v1/assets", content=held.getvalue()).json()["id"]
    asked = {"image": asset, "points": [[[20, 20], [30, 20]]]}
    assert http.post(f"{STUDIO}/layers", json=asked).json()["motion"] == "bend"
    told = http.post(f"{STUDIO}/layers", json={**asked, "motion": "cut"}).json()
    assert told["motion"] == "bend"
    assert "nothing says where the thing" in told["note"]


def test_the_preview_is_that_of_the_library(http, asset, portrait):
    import yuragi

    answer = http.post(f"{STUDIO}/preview", json={"image": asset, "points": POINTS, "seed": 3})
    assert answer.headers["content-type"] == "image/png"
    points = [tuple(map(tuple, pair)) for pair in POINTS]
    wanted = yuragi.load("portraits").preview_drag(portrait, points)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(answer.content))), np.asarray(wanted))
    wrong = http.post(f"{STUDIO}/preview", json={"image": asset, "points": [[[500, 1], [2, 2]]]})
    assert wrong.status_code == 422
    assert wrong.json()["argument"] == "points"


LINE = [[[80, 100], [90, 100]], [[128, 100], [133, 100]], [[170, 100], [205, 100]]]


def test_a_preview_of_points_on_a_line(http, asset):
    answer = http.post(f"{STUDIO}/preview", json={"image": asset, "points": LINE})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "given", "argument"),
    [
        ("preview", {"regions": 5}, "request"),
        ("preview", {"points": 5}, "points"),
        ("layers", {"points": [[[-5000, 20], [30, 20]]]}, "points"),
        ("layers", {"points": [[[20, 20], [30, 20]], [[20, 20], [40, 20]]]}, "points"),
        ("layers", {"regions": ["9,9 999,9 9,40:9,9 99,9 9,40"]}, "regions"),
        ("settled/drag", {"preset": ["x"]}, "preset"),
        ("said/drag", {"preset": ["x"]}, "preset"),
        ("said/drag", {"image": "0" * 32, "resize": "large"}, "resize"),
    ],
)
def test_what_cannot_be_is_refused_by_name(http, asset, path, given, argument):
    picture = {"image": asset} if path in ("preview", "layers") else {}
    answer = http.post(f"{STUDIO}/{path}", json={**picture, **given})
    assert (answer.status_code, answer.json()["argument"]) == (422, argument)


def test_words(http):
    asked = {"model": "portraits", "text": "a person with bleu eyes"}
    assert http.post(f"{STUDIO}/words", json=asked).json() == {"unknown": {"bleu": ["blue"]}}
    refused = http.post(f"{STUDIO}/words", json={"model": "/etc", "text": "a"})
    assert (refused.status_code, refused.json()["argument"]) == (422, "model")


def test_familiarity(http, asset):
    known = http.get(f"{STUDIO}/familiarity", params={"model": "portraits", "image": asset}).json()
    assert known["familiarity"] > 1
    assert not known["foreign"]
    tiny = http.get(f"{STUDIO}/familiarity", params={"model": "tiny", "image": asset}).json()
    assert tiny == {"familiarity": None, "foreign": False}
    assert http.get(f"{STUDIO}/models/portraits").json()["knows"] == "drawn heads"


def test_settled_options_are_those_of_a_request(http):
    paper = http.post(f"{STUDIO}/settled/drag", json={"preset": "paper"}).json()["values"]
    assert (paper["num_inference_steps"], paper["strength"], paper["solver"]) == (200, 0.6, "ddpm")
    ode = http.post(f"{STUDIO}/settled/sdedit", json={"sampler": "ode"}).json()["values"]
    assert ode["solver"] == "ddim"
    assert http.post(f"{STUDIO}/settled/sdedit", json={"strength": 3}).status_code == 422
    assert http.post(f"{STUDIO}/settled/dream", json={}).status_code == 404


def test_examples(http):
    names = [each["name"] for each in http.get(f"{STUDIO}/examples").json()]
    assert "portrait-4" in names
    made = http.post(f"{STUDIO}/examples/portrait-4").json()
    assert (made["width"], made["height"]) == (256, 256)
    assert http.post(f"{STUDIO}/examples/portrait-9").status_code == 404


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_a_result_is_taken_away_and_restored(http, parts, suffix, tmp_path, portrait):
    import yuragi
    from yuragi.service.uploads import Upload

    result = yuragi.load("portraits").drag(portrait, POINTS[:1], motion="bend", seed=5)
    result.save(tmp_path / "made.png")
    data = (tmp_path / "made.png").read_bytes()
    stored = parts.assets.put(Upload(data, "image/png", 256, 256)).id
    taken = http.get(f"{STUDIO}/taken/{stored}", params={"suffix": suffix})
    assert taken.status_code == 200
    told = http.post(f"{STUDIO}/carried", content=taken.content).json()
    assert told["request"]["points"] == POINTS[:1]
    assert told["request"]["seed"] == 5
    back = http.get(f"/api/v1/assets/{told['image']['id']}").content
    pixels = [np.asarray(Image.open(io.BytesIO(each)).convert("RGB")) for each in (back, portrait)]
    assert np.array_equal(*pixels)


def test_a_turned_and_transparent_picture_is_taken_as_the_page_shows_it(http):
    photograph = Image.new("RGBA", (40, 30), (200, 10, 10, 255))
    photograph.paste((0, 0, 0, 0), (0, 0, 20, 30))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # turn clockwise to show it
    held = io.BytesIO()
    photograph.save(held, "PNG", exif=exif)
    stored = http.post("/api/v1/assets", content=held.getvalue()).json()
    assert (stored["width"], stored["height"]) == (30, 40)
    taken = http.get(f"{STUDIO}/taken/{stored['id']}", params={"suffix": "png"})
    with Image.open(io.BytesIO(taken.content)) as picture:
        assert picture.size == (30, 40)
        assert picture.convert("RGB").getpixel((15, 5)) == (255, 255, 255)
        assert picture.convert("RGB").getpixel((15, 35)) == (200, 10, 10)


def test_a_plain_picture_carries_nothing(http, portrait):
    answer = http.post(f"{STUDIO}/carried", content=portrait)
    assert (answer.status_code, answer.json()["argument"]) == (422, "image")


def test_the_texts_of_a_request_build_it_again(http, asset, monkeypatch, tmp_path, portrait):
    """The command is parsed by the command line, the program by Python; both give the request."""
    import typer.testing

    from yuragi import cli
    from yuragi.cli import task as command

    given = {
        "image": asset,
        "points": POINTS,
        "prompt": "it's a person",
        "seed": 3,
        "sampler": "ode",
        "strength": 0.4123456789,
        "guidance": {"gain": {"name": "ratio", "reach": 0.5}},
        "select": [[90, 90], [120, 90], [120, 130]],
        "move": [12, -4],
        "resize": 128,
        "consent": True,
    }
    told = http.post(f"{STUDIO}/said/drag", json=given).json()
    assert shlex.split(told["command"])[:2] == ["yuragi", "drag"]
    (tmp_path / "picture.png").write_bytes(portrait)
    monkeypatch.chdir(tmp_path)
    seen = []
    build = command.build

    def kept(*arguments, **named):
        seen.append((build(*arguments, **named)[0], *arguments))
        raise typer.Exit(0)

    monkeypatch.setattr(command, "build", kept)
    typer.testing.CliRunner().invoke(cli.app, shlex.split(told["command"])[1:])
    by_command, _, values, reading = seen[0]
    compile(told["python"], "said", "exec")
    assert "--consent" in told["command"]
    assert "resize=128" in told["python"]
    assert (reading.resize, by_command.size) == (128, (128, 128))
    assert (values["select"], values["move"]) == ("90,90 120,90 120,130", "12,-4")
    assert len(by_command.regions) == 1
    assert by_command.points[0] == ((74.75, 23.75), (54.75, 29.75))
    assert by_command.prompt == "it's a person"
    assert (by_command.seed, by_command.sampler, by_command.strength) == (3, "ode", 0.4123456789)
    assert (by_command.guidance.gain.name, by_command.guidance.gain.reach) == ("ratio", 0.5)


def test_noise_brings_samples_back_to_the_law(http):
    """The more noise, the nearer; the exact law itself measures almost 0."""
    found = {}
    for eta in (0, 0.5, 1):
        answer = http.get(f"{STUDIO}/lab/randomness", params={"eta": eta, "level": 0.7}).json()
        found[eta] = {each["name"]: each["kl"] for each in answer}
    assert found[0]["law"] < 0.05
    assert found[0]["edited"] > 1
    assert found[0]["edited"] > found[0]["sampled"] > found[0.5]["sampled"] > found[1]["sampled"]


def test_gains_come_nearer_to_the_promised_law_than_plain_guidance(http):
    told = http.get(f"{STUDIO}/lab/guidance", params={"scale": 3}).json()
    kl = {each["name"]: each["kl"] for each in told}
    assert kl["cfg"] > kl["reg"] > kl["ratio"]
    off = http.get(f"{STUDIO}/lab/guidance", params={"scale": 1}).json()
    assert len({each["kl"] for each in off}) == 1
