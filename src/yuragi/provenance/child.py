"""The child process that calls the library: ``python -m yuragi.provenance.child FOLDER``.

The folder holds ``task.json`` and the files in ``given``; the answer goes to ``answer.json`` and
``made``. An error of the library is an answer too.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["main"]

MOST = 16
"""The largest number of pictures that are extracted from a manifest."""


def main(folder: Path) -> None:
    """Do the task in a folder."""
    task = json.loads((folder / "task.json").read_text("utf-8"))
    memory, seconds = int(task["limits"]["memory"]), int(task["limits"]["seconds"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import c2pa

    try:
        told = TASKS[task["do"]](task, folder / "given", folder / "made")
    except c2pa.C2paError as error:
        told = {"error": type(error).__name__.lstrip("_").removeprefix("C2pa"), "said": str(error)}
    (folder / "answer.json").write_text(json.dumps(told), "utf-8")


def _context(trust: Mapping[str, str]) -> Any:
    import c2pa

    settings: dict[str, Any] = {
        "version": 1,
        # Neither a stranger's file nor a certificate makes this process contact a server.
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "builder": {"thumbnail": {"enabled": False}},
    }
    if trust:
        settings["trust"] = dict(trust)
    return c2pa.Context(c2pa.Settings.from_dict(settings))


def _read(task: Mapping[str, Any], given: Path, made: Path) -> Mapping[str, Any]:
    """The manifests of a file, and the pictures inside the active one."""
    import c2pa

    trust = {"trust_anchors": task["anchors"]} if task["anchors"] else {}
    with (given / "file").open("rb") as file:
        reader = c2pa.Reader(task["media_type"], file, context=_context(trust))
        store = json.loads(reader.json())
        held = store.get("manifests", {}).get(store.get("active_manifest"), {})
        pictures = {}
        for number, each in enumerate(held.get("ingredients", [])[:MOST]):
            if uri := each.get("data", {}).get("identifier"):
                with (made / str(number)).open("wb") as out:
                    reader.resource_to_stream(uri, out)
                pictures[str(number)] = each.get("title", "")
    return {"store": store, "pictures": pictures}


def _sign(task: Mapping[str, Any], given: Path, made: Path) -> Mapping[str, Any]:
    """Write the file with a manifest."""
    import c2pa

    builder = c2pa.Builder(task["manifest"], _context({}))
    for each in task["inputs"]:
        if "identifier" in each["ingredient"].get("data", {}):
            with (given / each["file"]).open("rb") as data:
                builder.add_resource(each["ingredient"]["data"]["identifier"], data)
        with (given / each["file"]).open("rb") as data:
            builder.add_ingredient(each["ingredient"], each["media_type"], data)
    with (given / "file").open("rb") as source, (made / "file").open("w+b") as out:
        builder.sign(_signer(task["signing"]), task["media_type"], source, out)
    return {}


def _signer(signing: Mapping[str, str]) -> Any:
    import c2pa

    chain = Path(signing["chain"]).read_bytes()
    method, stamp = _method(chain), signing["time_stamp"] or None
    if signing["signer"]:
        return c2pa.Signer.from_callback(
            _told(_function(signing["signer"])),
            c2pa.C2paSigningAlg[method.upper()],
            chain.decode(),
            stamp,
        )
    key = Path(signing["key"]).read_bytes()
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(method, chain, key, stamp))


def _told(callback: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """The same function, but an error in it ends the process, because the library would hide it."""

    def call(data: bytes) -> bytes:
        try:
            return callback(data)
        except Exception as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)

    return call


def _function(name: str) -> Callable[[bytes], bytes]:
    module, _, path = name.partition(":")
    found: Any = import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]


def _method(chain: bytes) -> str:
    """The signing algorithm that fits the key of a certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    key = x509.load_pem_x509_certificates(chain)[0].public_key()
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {256: "es256", 384: "es384", 521: "es512"}[key.curve.key_size]
    return "ps256"


TASKS: Mapping[str, Callable[[Mapping[str, Any], Path, Path], Mapping[str, Any]]] = {
    "read": _read,
    "sign": _sign,
}

if __name__ == "__main__":
    main(Path(sys.argv[1]))
