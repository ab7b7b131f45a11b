"""A certificate for development. It proves nothing: anyone can make one with the same name."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from yuragi.errors import missing_extra
from yuragi.folders import data_folder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

__all__ = ["DEVELOPMENT", "Development", "credentials_folder", "development"]

DEVELOPMENT = "Yuragi untrusted development certificate"
"""The organisation in the certificate, which readers of a manifest show."""
VALID = timedelta(days=3650)


@dataclass(frozen=True)
class Development:
    """The files of the development certificate.

    Attributes:
        folder: a folder that only its user can read.
    """

    folder: Path

    @property
    def chain(self) -> Path:
        """The signer's certificate and the root that issued it, as PEM."""
        return self.folder / "chain.pem"

    @property
    def key(self) -> Path:
        """The private key of the signer, as PEM."""
        return self.folder / "key.pem"

    @property
    def root(self) -> Path:
        """The root, as PEM; whoever adds it to the trust anchors trusts this machine's user."""
        return self.folder / "root.pem"


def credentials_folder() -> Path:
    """The folder of the user's certificates."""
    return data_folder() / "credentials"


def development() -> Development:
    """The development certificate of this user, which is created at its first use.

    Raises:
        MissingExtraError: the optional dependencies ``c2pa`` are not installed.
        OSError: the folder for data cannot be written.
    """
    made = Development(credentials_folder() / "untrusted-development")
    if made.folder.is_dir():
        return made
    made.folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=made.folder.parent, prefix=".new-") as folder:
        written = Development(Path(folder) / "files")
        written.folder.mkdir(mode=0o700)
        _write(written)
        try:
            os.rename(written.folder, made.folder)
        except OSError:  # another process was first
            if not made.folder.is_dir():
                raise
    return made


def _write(files: Development) -> None:
    try:
        from cryptography.hazmat.primitives import serialization as forms
        from cryptography.hazmat.primitives.asymmetric import ec
    except ModuleNotFoundError as error:
        raise missing_extra("signing", "c2pa") from error
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root, own = _certificate("root", root_key, root_key), _certificate("signer", key, root_key)
    pem = forms.Encoding.PEM
    files.root.write_bytes(root.public_bytes(pem))
    files.chain.write_bytes(own.public_bytes(pem) + root.public_bytes(pem))
    files.key.touch(mode=0o600)
    files.key.write_bytes(key.private_bytes(pem, forms.PrivateFormat.PKCS8, forms.NoEncryption()))


def _certificate(
    name: str, key: EllipticCurvePrivateKey, issuing: EllipticCurvePrivateKey
) -> Certificate:
    """A certificate issued with the root's key, because C2PA refuses self-signed certificates."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    def named(common: str) -> x509.Name:
        organisation = x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, DEVELOPMENT)
        return x509.Name([organisation, x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])

    root, now = key is issuing, datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=not root,
        key_cert_sign=root,
        crl_sign=root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public_key())
    made = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named("root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(root, 0 if root else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer, critical=False)
    )
    if not root:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        made = made.add_extension(purpose, critical=False)
    return made.sign(issuing, hashes.SHA256())
