"""Generated calls of every route: the answers are those that the API's own description allows."""

from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fuzzing import answers, cases, holds
from submitting import running, submit
from yuragi.service import jobs
from yuragi.service.uploads import png

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
URL = "http://127.0.0.1:8420"
ROUTES = 25
"""About so many: the number of cases is divided among them."""


@pytest.fixture
def there(parts, picture):
    """Ids of jobs and of an asset: of a job that has ended, and of others."""
    ended = submit(parts)
    running(parts, ended).fail("it cannot be done")
    others = [submit(parts, seed).id for seed in range(3)]
    jobs.cancel(parts.database, others[0])
    return ended.id, others, parts.assets.put(png(picture)).id


def calling(http, known, asset):
    """Calls a route, in most cases with the ids of what is there, and checks the answer."""

    def call(case, pick):
        there = {"job": known[pick % len(known)], "asset": asset}
        for name in there.keys() & (case.path_parameters or {}).keys():
            if pick >= 0:
                case.path_parameters[name] = there[name]
        response = case.call(app=http.app, base_url=URL)
        case.validate_response(response, checks=CHECKS)
        assert not any(trace in response.content for trace in (b"Traceback", b'File "'))

    return call


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@cases(few=50, many=3000)
def test_calls_as_the_description_says(http, there, count, mode):
    ended, others, asset = there
    schema = schemathesis.openapi.from_dict(http.get("/api/v1/openapi.json").json())
    free = []
    for result in schema.get_all_operations():
        operation = result.ok()
        # The events of a job that waits do not end.
        known = [ended] if operation.path.endswith("/events") else others
        strategy = operation.as_strategy(generation_mode=mode)
        call = calling(http, known, asset)
        try:
            holds(call, max(1, count // ROUTES), case=strategy, pick=st.integers(-1, 2))
        except Unsatisfiable:  # a route that takes nothing, or any text, cannot be called wrongly
            free.append(operation.label)
    assert "GET /api/v1/jobs" not in free
    assert not free or mode is GenerationMode.NEGATIVE


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "host",
            "origin",
            "authorization",
            "content-type",
            "content-length",
            "transfer-encoding",
            "idempotency-key",
            "last-event-id",
            "sec-fetch-site",
            "x-forwarded-for",
            "accept",
            "range",
            "cookie",
        ]
    ),
    st.one_of(
        TEXT,
        st.sampled_from(["127.0.0.1", "[::1", "[", "http://127.0.0.1:8420", "null", "Bearer é"]),
        st.integers(-(10**30), 10**30).map(str),
    ),
    max_size=5,
)
PATHS = st.one_of(
    st.sampled_from(["/api/v1/jobs", "/api/v1/assets", "/api/v1/queue/order", "/readyz", "/"]),
    st.text(st.sampled_from("/.%\\0aé\u200b ~:?&="), max_size=40).map(lambda text: f"/{text}"),
    st.text(st.sampled_from("/.%2e0a"), max_size=30).map(lambda text: f"/api/v1/assets/{text}"),
)


@cases(few=100, many=2000)
def test_headers_paths_and_bodies(http, count):
    def ask(method, path, headers, body):
        encoded = {name: value.encode("utf-8") for name, value in headers.items()}
        try:
            request = http.build_request(method, "/", headers=encoded, content=body)
        except ValueError:
            return  # no client can send it
        raw = quote(path, safe="/%?#&=:~ ").replace(" ", "%20").encode()
        request.url = request.url.copy_with(raw_path=raw)
        answers(http.send(request), 200, 201, 202, 400, 401, 403, 404, 405, 408, 409, 413, 421, 422)

    holds(
        ask,
        count,
        method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]),
        path=PATHS,
        headers=HEADERS,
        body=st.binary(max_size=300),
    )


PART = st.builds(
    lambda name, file, kind, body: (
        b'Content-Disposition: form-data; name="'
        + name
        + b'"'
        + (b'; filename="' + file + b'"' if file is not None else b"")
        + (b"\r\nContent-Type: " + kind if kind is not None else b"")
        + b"\r\n\r\n"
        + body
    ),
    st.sampled_from([b"request", b"image", b"mask", b"", b'x"y', b"\xff", b"a" * 5000]),
    st.one_of(st.none(), st.sampled_from([b"x.png", b"../../x", b"\xff", b""])),
    st.one_of(st.none(), st.sampled_from([b"image/png", b"text/plain; charset=utf-16", b"\xff"])),
    st.one_of(
        st.binary(max_size=200),
        st.sampled_from([b'{"kind": "sdedit"}', b'{"kind": "sample"}', b"{}", b"[]"]),
    ),
)


@cases(few=50, many=1000)
def test_forms(http, count):
    def send(parts, boundary, told, end):
        body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + end
        headers = {"content-type": b"multipart/form-data; boundary=" + told}
        answers(http.post("/api/v1/jobs", content=body, headers=headers), 202, 400, 413, 422)

    word = st.sampled_from([b"b", b"", b'"', b"b" * 300, b"\xff", b"b; charset=x"])
    ends = st.sampled_from([b"--b--\r\n", b"--b", b"", b"\r\n--b--"])
    holds(send, count, parts=st.lists(PART, max_size=12), boundary=word, told=word, end=ends)
