"""Who signs: a certificate of one's own, or a function."""

import sys

import pytest

from yuragi.errors import InputError, YuragiError, YuragiWarning
from yuragi.provenance import process
from yuragi.provenance.certificate import development
from yuragi.provenance.signing import Signing
from yuragi.provenance.verdict import Verdict, verify

SIGNER = """
from pathlib import Path
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

def sign(data):
    key = serialization.load_pem_private_key(Path({key!r}).read_bytes(), None)
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
"""


@pytest.fixture
def certificate(monkeypatch, tmp_path):
    """A certificate of someone else: chain, key and root."""
    with monkeypatch.context() as patched:
        patched.setenv("XDG_DATA_HOME", str(tmp_path / "company"))
        return development()


def test_a_certificate_of_ones_own(sign, certificate, tmp_path):
    data = sign(signing=Signing(sign=True, certificate=certificate.chain, key=certificate.key))
    assert verify(data, certificate.root.read_text()).verdict is Verdict.TRUSTED
    assert not (tmp_path / "data").exists()  # no development certificate was made


def test_a_function_that_signs(sign, certificate, tmp_path, monkeypatch):
    (tmp_path / "company_signer.py").write_text(SIGNER.format(key=str(certificate.key)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    signing = Signing(sign=True, certificate=certificate.chain, signer="company_signer:sign")
    assert verify(sign(signing=signing), certificate.root.read_text()).verdict is Verdict.TRUSTED


def test_an_error_of_the_function_is_told(sign, certificate, tmp_path, monkeypatch):
    (tmp_path / "broken_signer.py").write_text("def sign(data): raise OSError('no such device')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    signing = Signing(sign=True, certificate=certificate.chain, signer="broken_signer:sign")
    with pytest.raises(YuragiError, match="OSError: no such device"):
        sign(signing=signing)


def test_what_cannot_sign_is_said(sign, certificate, tmp_path):
    with pytest.raises(InputError, match="key is missing: it must be given with a certificate"):
        Signing(sign=True, certificate=certificate.chain)
    with pytest.raises(InputError, match="certificate is missing"):
        Signing(sign=True, key=certificate.key)
    gone = Signing(sign=True, certificate=certificate.chain, key=tmp_path / "gone.pem")
    with pytest.raises(InputError, match="key: the file is missing"):
        sign(signing=gone)
    wrong = Signing(sign=True, certificate=certificate.chain, key=development().key)
    with pytest.raises(YuragiError):
        sign(signing=wrong)


def test_an_input_whose_credentials_crash_the_library_loses_them(sign, monkeypatch, tmp_path):
    """The child dies at every file with the credentials of the input."""
    crashing = tmp_path / "crash.py"
    crashing.write_text(
        "import os, sys\n"
        "from pathlib import Path\n"
        "from yuragi.provenance.child import main\n"
        "folder = Path(sys.argv[1])\n"
        "if any(b'evil' in each.read_bytes() for each in (folder / 'given').iterdir()):\n"
        "    os.abort()\n"
        "main(folder)\n"
    )
    evil = sign(record="evil")
    monkeypatch.setattr(process, "COMMAND", (sys.executable, str(crashing)))
    with pytest.warns(YuragiWarning, match="are not kept"):
        data = sign(parent=evil)
    monkeypatch.undo()
    assert list(verify(data).inputs) == ["made from face.png, which had no credentials"]
