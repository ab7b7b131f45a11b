"""What credentials say, of our files, of altered ones and of strangers'."""

import io
import random
import sys
from dataclasses import replace

import pytest
from cryptography.x509 import load_pem_x509_certificates
from PIL import Image

from provenance_files import altered, chunks
from yuragi.errors import InputError
from yuragi.provenance import process
from yuragi.provenance.certificate import DEVELOPMENT, development
from yuragi.provenance.process import call
from yuragi.provenance.read import anchors, read_credentials, trusted_folder
from yuragi.provenance.verdict import EXIT, Verdict, verify

FORMATS = ["PNG", "JPEG", "WEBP"]


def root():
    return development().root.read_text()


@pytest.mark.parametrize("format", FORMATS)
def test_a_signed_file_says_who_made_it_from_what_and_how(sign, encoded, format):
    data = sign(encoded(format))
    found = verify(data)
    assert found.verdict is Verdict.UNTRUSTED
    assert found.signer.startswith(DEVELOPMENT)
    assert found.software == "Yuragi 1"
    assert list(found.inputs) == ["made from face.png, which had no credentials"]
    made = "edited: sdedit with the model tiny (compositeWithTrainedAlgorithmicMedia)"
    assert list(found.actions) == [made]
    assert not found.problems
    assert verify(data, root()).verdict is Verdict.TRUSTED
    # The pixels are those that were signed.
    with Image.open(io.BytesIO(data)) as kept, Image.open(io.BytesIO(encoded(format))) as before:
        assert kept.tobytes() == before.tobytes()


@pytest.mark.parametrize("format", FORMATS)
def test_one_other_pixel_is_an_alteration(sign, encoded, format):
    found = verify(altered(sign(encoded(format))), root())
    assert found.verdict is Verdict.ALTERED
    assert "assertion.dataHash.mismatch" in found.problems
    assert EXIT[found.verdict] == 1
    assert "ALTERED" in found.sentences[0]


def test_an_altered_manifest_is_an_alteration(sign):
    data = sign(record="made by me")
    changed = data.replace(b"made by me", b"made by he")
    assert changed != data
    found = verify(changed, root())
    assert found.verdict is Verdict.ALTERED
    assert found.problems


def test_a_file_without_credentials_has_none(sign, encoded):
    assert verify(encoded()).verdict is Verdict.ABSENT
    signed = sign()
    bare = signed[:8] + b"".join(each for each in chunks(signed) if each[4:8] != b"caBX")
    found = verify(bare)
    assert found.verdict is Verdict.ABSENT
    assert found.sentences[0].startswith("no credentials")


def test_the_credentials_of_the_input_are_kept(sign):
    first = sign(record="the first")
    second = sign(parent=first)
    assert list(verify(second).inputs) == ["made from face.png, whose own credentials held"]
    third = sign(parent=altered(first))
    (said,) = verify(third).inputs
    assert "did not hold (assertion.dataHash.mismatch)" in said
    assert verify(third).verdict is Verdict.UNTRUSTED  # this file is as it was signed


def test_only_our_anchors_are_trusted(sign, monkeypatch, tmp_path):
    data, own = sign(), root()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another user"))
    other = root()
    assert other != own
    assert verify(data, other).verdict is Verdict.UNTRUSTED
    assert verify(data, other + own).verdict is Verdict.TRUSTED
    assert anchors() == ""
    trusted_folder().mkdir(parents=True)
    (trusted_folder() / "friend.pem").write_text(own)
    assert verify(data, anchors()).verdict is Verdict.TRUSTED
    (tmp_path / "no.pem").write_text("nothing")
    with pytest.raises(InputError, match="trust must be a PEM file with certificates"):
        anchors([tmp_path / "no.pem"])


def test_a_strangers_manifest_is_read(encoded):
    """One with other assertions, and texts that a terminal would obey."""
    own = development()
    manifest = {
        "claim_generator_info": [{"name": "Other\x1b[31m", "version": "9"}],
        "title": "theirs",
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/"
                            "digitalCapture",
                        }
                    ]
                },
            },
            {"label": "com.example.other", "data": {"actions": 3}},
        ],
    }
    signing = {"chain": str(own.chain), "key": str(own.key), "signer": "", "time_stamp": ""}
    task = {"do": "sign", "media_type": "image/png", "manifest": manifest, "inputs": []}
    data = call({**task, "signing": signing}, {"file": encoded()}).files["file"]
    found = verify(data)
    assert found.verdict is Verdict.UNTRUSTED
    assert found.software == "Other?[31m 9"
    assert list(found.actions) == ["created (digitalCapture)"]
    assert read_credentials(data).record == ""


def test_a_manifest_of_an_unknown_form_is_no_crash(sign, monkeypatch):
    real = read_credentials(sign())
    for manifest in ({"ingredients": 3}, {"assertions": [3]}, {"signature_info": []}):
        monkeypatch.setattr(
            "yuragi.provenance.verdict.read_credentials",
            lambda *given, manifest=manifest: replace(real, manifest=manifest),
        )
        assert verify(b"").verdict is Verdict.ALTERED


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os; os.abort()", "code -6"),
        ("import os; os._exit(3)", "code 3"),
        ("pass", "code 0"),
    ],
)
def test_a_crash_of_the_reader_is_no_crash_of_ours(sign, monkeypatch, code, said):
    data = sign()
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-c", code))
    found = verify(data)
    assert found.verdict is Verdict.UNREADABLE
    assert said in found.problems["reader"]
    assert EXIT[found.verdict] == 4


def test_a_reader_that_hangs_is_stopped(sign, monkeypatch):
    data = sign()
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(process, "SECONDS", 0.5)
    found = verify(data)
    assert found.verdict is Verdict.UNREADABLE
    assert "longer than 0.5 seconds" in found.problems["reader"]


def test_a_reader_that_needs_too_much_memory_is_stopped(sign, monkeypatch):
    data = sign()
    monkeypatch.setattr(process, "MEMORY", 2**24)
    monkeypatch.setattr(process, "COPIES", 0)
    assert verify(data).verdict is Verdict.UNREADABLE


@pytest.mark.parametrize("seed", range(3))
def test_garbled_credentials_are_never_taken_for_whole_ones(sign, seed):
    data, draw = bytearray(sign()), random.Random(seed)
    start = bytes(data).index(b"caBX") + 4
    size = int.from_bytes(data[start - 8 : start - 4], "big")
    for _ in range(40):
        data[start + draw.randrange(size)] = draw.randrange(256)
    found = verify(bytes(data), root())
    assert found.verdict in (Verdict.ALTERED, Verdict.UNREADABLE, Verdict.ABSENT)


def test_what_is_no_picture_is_refused():
    with pytest.raises(InputError, match="image must be a picture file"):
        verify(b"no picture", name="x.txt")


def test_the_development_certificate_is_private_and_says_what_it_is():
    own = development()
    assert own.folder.name == "untrusted-development"
    assert own.key.stat().st_mode & 0o077 == 0
    assert own.folder.stat().st_mode & 0o077 == 0
    signer, issuer = load_pem_x509_certificates(own.chain.read_bytes())
    assert DEVELOPMENT in signer.subject.rfc4514_string()
    assert signer.issuer == issuer.subject
    again = development()
    assert again.key.read_bytes() == own.key.read_bytes()
