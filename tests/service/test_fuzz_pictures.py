"""Generated and damaged picture files: they are refused, or kept with the same pixels."""

import io
import json
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

from fuzzing import answers, cases, holds
from located import chunk, located
from yuragi.service.app import make_app

KINDS = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}
OPTIONS = {
    "PNG": [{}, {"compress_level": 0}, {"dpi": (72, 72)}],
    "JPEG": [{}, {"progressive": True}, {"restart_marker_blocks": 1}, {"subsampling": "4:4:4"}],
    "WEBP": [{}, {"lossless": True}],
}
PIXELS = 250_000


@pytest.fixture
def small(parts):
    """A service that takes small pictures only, so that damaged ones are decoded quickly."""
    settings = parts.settings.model_copy(update={"max_pixels": PIXELS, "max_bytes": 2**20})
    app = make_app(replace(parts, settings=settings))
    with TestClient(app, base_url="http://127.0.0.1:8420", raise_server_exceptions=False) as client:
        yield client


@st.composite
def wholes(draw):
    """A picture file as cameras and programs write it, and what it is."""
    kind = draw(st.sampled_from(list(KINDS)))
    size = draw(st.integers(1, 24)), draw(st.integers(1, 24))
    levels = np.random.default_rng(draw(st.integers(0, 9))).integers(0, 256, (*size, 4), np.uint8)
    mode = draw(st.sampled_from(["RGB", "L"] if kind == "JPEG" else ["RGB", "RGBA"]))
    picture = Image.fromarray(levels, "RGBA").convert(mode)
    options = draw(st.sampled_from(OPTIONS[kind]))
    return kind, located(picture, kind, draw(st.integers(1, 8)), **options)


@st.composite
def bytewise(draw):
    """A file with changed, missing, doubled and inserted bytes."""
    kind, data = draw(wholes())
    data = bytearray(data)
    for _ in range(draw(st.integers(0, 5))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["change", "cut", "drop", "double", "insert"])):
            case "change":
                data[place : place + 1] = draw(st.binary(min_size=1, max_size=4))
            case "cut":
                del data[place:]
            case "drop":
                del data[place : place + draw(st.integers(1, 40))]
            case "double":
                data[place:place] = data[place : place + draw(st.integers(1, 40))]
            case "insert":
                data[place:place] = draw(st.binary(max_size=40))
    return kind, bytes(data)


SIZES = st.sampled_from([0, 1, 7, 500, 501, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1])
BOMB = zlib.compress(bytes(10**6))
NAMES = st.one_of(
    st.sampled_from(
        b"IHDR PLTE IDAT IEND tRNS gAMA iCCP sRGB eXIf tEXt zTXt iTXt acTL fcTL fdAT yuSo".split()
    ),
    st.binary(min_size=4, max_size=4),
)
CONTENTS = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"x\0\0" + BOMB,
            b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n 9\nzz"),
            b"Raw profile type exif\0\nexif\n  6\n4d4d002a0000",
            b"XML:com.adobe.xmp\0\0\0\0\0tiff:Orientation='9'",
            b"yuragi\0{}",
            bytes(16) + b"\x89PNG\r\n\x1a\n",
        ]
    ),
)


@st.composite
def png_chunks(draw):
    """A PNG of well-formed chunks that make no sense together."""
    head = draw(SIZES).to_bytes(4, "big") + draw(SIZES).to_bytes(4, "big")
    head += bytes(
        draw(st.lists(st.sampled_from([0, 1, 2, 3, 4, 6, 8, 16]), min_size=5, max_size=5))
    )
    chunks = draw(st.lists(st.builds(chunk, NAMES, CONTENTS), max_size=6))
    pixels = chunk(b"IDAT", draw(st.sampled_from([BOMB, zlib.compress(bytes(30)), b""])))
    made = [chunk(b"IHDR", head), *chunks, pixels, chunk(b"IEND", b"")]
    if draw(st.booleans()):
        made = draw(st.permutations(made))
    return "PNG", b"\x89PNG\r\n\x1a\n" + b"".join(made)


@st.composite
def jpeg_segments(draw):
    """A JPEG with segments before its pixels that lie about themselves."""
    picture = Image.new("RGB", (9, 7), "red")
    held = io.BytesIO()
    picture.save(held, "JPEG", progressive=draw(st.booleans()))
    data, added = held.getvalue(), b""
    for _ in range(draw(st.integers(1, 4))):
        marker = draw(st.one_of(st.integers(0xC0, 0xFE), st.sampled_from([0xE1, 0xE2, 0xED])))
        body = draw(
            st.one_of(
                st.binary(max_size=40),
                st.sampled_from(
                    [
                        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
                        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0",
                        b"ICC_PROFILE\0\x01\x02" + bytes(20),
                        b"MPF\0MM\0*\0\0\0\x08\0\x03",
                        b"Photoshop 3.0\x008BIM\x04\x04\0\0\xff\xff\xff\xff",
                        b"yuragi\0\x89PNG\r\n\x1a\n",
                        b"\x08" + b"\xff\xff" * 2 + b"\x03\x01\x22\0\x02\x11\x01\x03\x11\x01",
                    ]
                ),
            )
        )
        length = draw(st.one_of(st.just(len(body) + 2), st.integers(0, 65535)))
        added += bytes([0xFF, marker]) + length.to_bytes(2, "big") + body
    return "JPEG", data[:2] + added + data[2:]


@st.composite
def webp_chunks(draw):
    """A WebP of chunks that make no sense together."""
    held = io.BytesIO()
    Image.new("RGBA", (9, 7), (9, 9, 9, 99)).save(held, "WEBP", exif=b"Exif\0\0MM\0*", exact=True)
    chunks = [held.getvalue()[12:]]
    for _ in range(draw(st.integers(0, 4))):
        name = draw(st.sampled_from([*b"VP8X ICCP ANIM ANMF ALPH EXIF".split(), b"VP8 ", b"XMP "]))
        body = draw(st.binary(max_size=40))
        length = draw(st.one_of(st.just(len(body)), SIZES))
        chunks.append(name + length.to_bytes(4, "little") + body + bytes(len(body) % 2))
    body = b"WEBP" + b"".join(draw(st.permutations(chunks)))
    length = draw(st.one_of(st.just(len(body)), SIZES))
    return "WEBP", b"RIFF" + length.to_bytes(4, "little") + body


FILES = st.one_of(wholes(), bytewise(), png_chunks(), jpeg_segments(), webp_chunks())


def pixels(data):
    with Image.open(io.BytesIO(data), formats=tuple(KINDS)) as picture:
        picture.load()
        return picture.mode, picture.size, picture.tobytes()


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@cases(few=150, many=4000)
def test_files_as_assets(small, count):
    def upload(file):
        _, data = file
        answer = answers(small.post("/api/v1/assets", content=data), 201, 413, 422)
        if answer.status_code != 201:
            return
        asset = answer.json()
        kept = small.get(f"/api/v1/assets/{asset['id']}").content
        assert asset["width"] * asset["height"] <= PIXELS
        assert pixels(kept) == pixels(data)
        assert asset["bytes"] == len(kept)

    holds(upload, count, file=FILES)


@cases(few=50, many=1500)
def test_files_as_parts_of_a_job(small, count):
    def submit(image, mask, resize):
        given = {"kind": "inpaint", "model": "tiny", "prompt": "x", "resize": resize}
        files = {"image": image[1]} | ({"mask": mask[1]} if mask else {})
        answer = small.post("/api/v1/jobs", data={"request": json.dumps(given)}, files=files)
        answers(answer, 202, 400, 413, 422)

    sides = st.sampled_from([None, 16, 500, 501, 16384])
    masks = st.one_of(st.none(), FILES)
    holds(submit, count, image=FILES, mask=masks, resize=sides)
