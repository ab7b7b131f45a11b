"""Clients that disconnect in the middle of an upload, and clients that submit the same twice."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Sequence
from importlib.resources import files
from urllib.parse import urlsplit

from yuragi.client import Client, Refused

__all__ = ["left_in_the_middle", "said_twice"]


def left_in_the_middle(address: str) -> None:
    """Send three quarters of a picture to the store and of a form with a job, and disconnect."""
    picture = (files("yuragi") / "assets" / "examples" / "portrait-4.png").read_bytes()
    _half(address, "/api/v1/assets", "image/png", picture)
    mark = uuid.uuid4().hex
    request = '{"kind": "sdedit", "prompt": "a person"}'
    head = f'--{mark}\r\nContent-Disposition: form-data; name="request"\r\n\r\n{request}\r\n'
    head += f'--{mark}\r\nContent-Disposition: form-data; name="image"; filename="x.png"\r\n\r\n'
    form = head.encode() + picture + f"\r\n--{mark}--\r\n".encode()
    _half(address, "/api/v1/jobs", f"multipart/form-data; boundary={mark}", form)


def _half(address: str, path: str, kind: str, body: bytes) -> None:
    place = urlsplit(address)
    with socket.create_connection((place.hostname or "", place.port or 0)) as line:
        head = f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: {kind}\r\n"
        line.sendall(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode())
        line.sendall(body[: len(body) * 3 // 4])


def said_twice(
    address: str, key: str, submissions: Sequence[dict[str, object]]
) -> tuple[list[str], int]:
    """Submit under one key at the same time; returns the job ids and the number of 409 errors."""
    jobs: list[str] = []
    refused: list[int] = []
    begin = threading.Barrier(len(submissions))

    def submit(options: dict[str, object]) -> None:
        with Client(address) as client:
            client.health()
            begin.wait()
            try:
                jobs.append(client.submit("sample", idempotency_key=key, **options).id)
            except Refused as error:
                refused.append(error.status)

    threads = [threading.Thread(target=submit, args=(options,)) for options in submissions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return jobs, refused.count(409)
