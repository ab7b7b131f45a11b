"""Generated requests: they are refused with a reason, or run and end without an error inside."""

import io
import json

import numpy as np
import pytest
from hypothesis import strategies as st
from PIL import Image

from fuzzing import answers, cases, holds
from submitting import running
from yuragi.models.opening import Opening
from yuragi.provenance.signing import Signing
from yuragi.service import jobs, work
from yuragi.service.loaded import Loaded
from yuragi.service.requests import schema_of
from yuragi.service.states import State
from yuragi.service.stopping import Halt
from yuragi.tasks.policy import Policy
from yuragi.tasks.tasks import TASKS

API = "/api/v1"
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, 1, -1, 0.5, 1e308, 1e-308, 2**31, 2**53 + 1, 10**400]),
)
WORDS = st.one_of(st.text(max_size=20), st.sampled_from(["auto", "off", "tiny", "ode", "\ud800"]))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)
NEAR = st.one_of(st.integers(-3, 70), st.floats(-3, 70), NUMBERS)
PLACE = st.one_of(st.lists(NEAR, min_size=2, max_size=2), st.lists(NEAR, max_size=3))
POINTS = st.lists(st.lists(PLACE, min_size=2, max_size=2), max_size=4)
POLYGONS = st.lists(st.lists(st.lists(PLACE, max_size=5), min_size=2, max_size=2), max_size=2)
NAMES = {name for kind in TASKS.values() for name in schema_of(kind)["properties"]} - {"kind"}
FITTING = {
    "points": POINTS,
    "regions": POLYGONS,
    "select": st.lists(PLACE, max_size=5),
    "move": PLACE,
    "guidance": st.one_of(
        st.sampled_from(["cfg", "reg", "auto", "linear", "interval"]),
        st.fixed_dictionaries({"rule": ANYTHING, "gain": ANYTHING}),
        st.builds(
            lambda name, options: {"rule": {"name": name, **options}},
            st.sampled_from(["linear", "cosine", "interval", "auto"]),
            st.dictionaries(
                st.sampled_from(["start", "power", "interval", "shares", "weak_model"]), ANYTHING
            ),
        ),
    ),
    "seed": st.integers(0, 2**63),
    "strength": st.floats(0, 1),
    "guidance_scale": st.floats(0, 100),
    "num_images": st.integers(0, 3),
    "expand": st.lists(st.integers(-1, 40), max_size=5),
    "resize": st.integers(10, 90),
    "width": st.integers(-1, 90),
    "height": st.integers(-1, 90),
    "crop": st.one_of(st.sampled_from(["auto", "off"]), st.integers(-1, 80)),
    "sampler": st.sampled_from(["sde", "ode", "adaptive", "cycle", "ddpm"]),
    "solver": st.sampled_from(["ddim", "ddpm", "dpmpp-2m", "heun", "churn"]),
    "preset": st.sampled_from(["warp", "paper", "fast"]),
    "motion": st.sampled_from(["auto", "bend", "cut"]),
    "eta": st.floats(0, 1.5),
    "prompt": WORDS,
}


@st.composite
def requests(draw, wild):
    """A valid request in which some options are others, of any kind if wild."""
    kind = draw(st.sampled_from(list(TASKS)))
    given = {"kind": kind, "model": "tiny", "prompt": "a person", "num_inference_steps": 2}
    if kind != "sample":
        given["image"] = "IMAGE"
    if kind in ("translate", "diffedit"):
        given["source_prompt"] = "a house"
    if kind == "drag":
        given["points"] = [[[10, 12], [20, 12]]]
    if kind == "inpaint" or (kind not in ("sample", "invert") and draw(st.booleans())):
        given["mask"] = "MASK"
    own = sorted(NAMES & {*schema_of(TASKS[kind])["properties"]} - {"image", "num_inference_steps"})
    for name in draw(st.lists(st.sampled_from(own), max_size=4)):
        fits = FITTING.get(name, ANYTHING)
        given[name] = draw(st.one_of(fits, ANYTHING) if wild else fits)
    if wild:
        more = st.dictionaries(st.one_of(st.text(max_size=9), st.sampled_from(own)), ANYTHING)
        given |= draw(st.one_of(st.just({}), more))
    return given


@st.composite
def pictures(draw):
    """A picture with a mask, mostly of its size."""
    # One side has more than one cell of the test's network at its coarsest; it cannot norm one.
    size = draw(st.permutations([draw(st.integers(17, 70)), draw(st.integers(1, 70))]))
    levels = np.random.default_rng(draw(st.integers(0, 5))).integers(0, 256, (*size, 3), np.uint8)
    mask = np.zeros(draw(st.sampled_from([tuple(size), (8, 8)])), np.uint8)
    for _ in range(draw(st.integers(0, 3))):
        top, left = draw(st.integers(0, 69)), draw(st.integers(0, 69))
        mask[top : top + draw(st.integers(1, 40)), left : left + draw(st.integers(1, 40))] = 255
    return Image.fromarray(levels), Image.fromarray(mask)


def stored(http, picture):
    held = io.BytesIO()
    picture.save(held, "PNG")
    return http.post(f"{API}/assets", content=held.getvalue()).json()["id"]


def filled(http, given, both):
    """The JSON of a request, with ids of pictures; half characters are written as JSON can."""
    ids = dict(zip(("IMAGE", "MASK"), both, strict=True))
    known = {
        name: stored(http, ids[value]) if isinstance(value, str) and value in ids else value
        for name, value in given.items()
    }
    return json.dumps(known)


@cases(few=150, many=4000)
def test_requests_of_any_kind(http, picture, count):
    both = picture, Image.new("L", picture.size, 255)

    def submit(given):
        answer = http.post(f"{API}/jobs", content=filled(http, given, both))
        answers(answer, 202, 422)
        if answer.status_code == 202:
            assert http.get(answer.headers["location"]).json() == answer.json()

    holds(submit, count, given=requests(wild=True))


@pytest.mark.filterwarnings("ignore::yuragi.errors.YuragiWarning")  # as in a worker
@cases(few=15, many=600)
def test_requests_that_run(http, parts, count):
    loaded = Loaded(Opening(device="cpu"), 1)
    bench = work.Bench(
        parts.database, parts.assets, loaded, "s", parts.tickets, Signing(), Policy(), Halt()
    )

    def run(given, both):
        answer = http.post(f"{API}/jobs", content=filled(http, given, both))
        if answers(answer, 202, 422).status_code == 422:
            return
        job = jobs.find(parts.database, answer.json()["id"])
        assert work._do(bench, running(parts, job, f"w-{job.id}"))
        ended = jobs.find(parts.database, job.id)
        told = f"{ended.error}: {ended.request}"
        assert ended.state in (State.DONE, State.FAILED)
        assert "inside the service" not in ended.error, told
        if ended.state is State.DONE:
            result = http.get(f"{API}/jobs/{job.id}/result").json()
            assert len(result["pictures"]) == given.get("num_images", 1)

    holds(run, count, given=requests(wild=False), both=pictures())


@cases(few=50, many=1000)
def test_texts_that_are_no_requests(http, count):
    def send(text):
        answers(http.post(f"{API}/jobs", content=text), 422)

    bits = st.sampled_from(
        ["{", "}", "[", "]", '"kind"', ":", '"drag"', ",", "NaN", "1e999", "null"]
    )
    holds(send, count, text=st.one_of(st.lists(bits, max_size=12).map("".join), st.binary()))


@pytest.mark.parametrize("depth", [100, 100_000])
def test_depths(http, depth):
    answers(http.post(f"{API}/jobs", content="[" * depth), 422)
    given = '{"kind": "drag", "points": ' + "[" * depth + "]" * depth + "}"
    answers(http.post(f"{API}/jobs", content=given), 422)
