"""The settings of the service, from which the options of its commands are made."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from yuragi.folders import data_folder
from yuragi.images.read import MAX_PIXELS
from yuragi.options.option import Option
from yuragi.options.values import Finite, Strict
from yuragi.provenance.signing import Signing
from yuragi.service.logs import LogForm

__all__ = ["PORT", "Serving", "Shared", "Store", "Working"]

PORT = 8420


def _database() -> str:
    return f"sqlite:///{data_folder() / 'service' / 'jobs.db'}"


def _assets(data: dict[str, Any]) -> str:
    """The folder ``assets`` beside a SQLite file, and in the folder for data for PostgreSQL."""
    kind, _, place = data.get("database", "").partition(":///")
    file = place.partition("?")[0]
    beside = kind.startswith("sqlite") and file
    return str((Path(file).parent if beside else data_folder() / "service") / "assets")


Grace = Annotated[
    Annotated[Finite, Field(ge=0, le=3600)],
    Option(
        "Time that the running parts of jobs have to end when the process is told to stop.",
        unit="seconds",
        advanced=True,
    ),
]


class Store(Strict):
    """Where jobs and pictures are stored: everything that the processes of one service share."""

    database: Annotated[
        str,
        Field(default_factory=_database),
        Option(
            "Database of the jobs: sqlite:///FILE, or postgresql://... for several machines.",
            default="a SQLite file in the folder for data",
            metavar="URL",
        ),
    ]
    assets: Annotated[
        str,
        Field(default_factory=_assets),
        Option(
            "Folder of pictures and results, or any URL of fsspec, such as s3://bucket/folder.",
            default="the folder assets beside a SQLite file, otherwise in the folder for data",
            metavar="PATH|URL",
        ),
    ]
    policy: Annotated[
        Path | None,
        Option(
            "File of the policy, which can refuse requests before they run.",
            default="everything is allowed",
            metavar="PATH",
        ),
    ] = None


def _is_own(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _elsewhere(limit: int) -> Callable[[dict[str, Any]], int]:
    """A limit for clients of other machines; clients of this machine have none."""
    return lambda data: 0 if _is_own(data.get("host", "")) else limit


Limit = Annotated[int, Field(ge=0)]
OWN = "none (0) on this machine's own address; elsewhere {}"


class Shared(Store):
    """The options of every process of a service."""

    log: Annotated[
        LogForm,
        Option("Form of the log on standard error: text, or JSON with a line for what happens."),
    ] = "text"
    trace: Annotated[
        bool,
        Option("Send traces of OpenTelemetry, as its environment variables say.", advanced=True),
    ] = False
    signing: Signing = Signing()


class Serving(Shared):
    """Options of the HTTP service."""

    host: Annotated[
        str, Option("Address to listen on; any but this machine's own needs a token.")
    ] = "127.0.0.1"
    port: Annotated[Annotated[int, Field(ge=0, le=65535)], Option("Port to listen on.")] = PORT
    name: Annotated[
        tuple[str, ...],
        Option("Host name by which clients may call the service.", repeated=True, metavar="NAME"),
    ] = ()
    token: Annotated[
        str,
        Option(
            "Token that clients must send; better set YURAGI_TOKEN, which others cannot see.",
            default="none on this machine's own address; elsewhere one is made and printed",
        ),
    ] = ""
    pilot: Annotated[
        tuple[Path, ...],
        Option(
            "Folder of a pilot that has run (out/pilot/NAME), on whose pairs raters vote here; "
            "`yuragi pilot votes` prints their links.",
            repeated=True,
            metavar="DIR",
        ),
    ] = ()
    workers: Annotated[
        Annotated[int, Field(ge=0, le=64)], Option("Number of workers to start beside it.")
    ] = 1
    max_bytes: Annotated[
        Annotated[int, Field(ge=1024)],
        Option("Largest body of a request.", unit="bytes", advanced=True),
    ] = 64 * 2**20
    max_pixels: Annotated[
        Annotated[int, Field(ge=1)],
        Option("Largest number of pixels of a picture.", unit="pixels", advanced=True),
    ] = MAX_PIXELS
    max_steps: Annotated[
        Annotated[int, Field(ge=1)],
        Option("Largest number of pictures times solver steps of a job.", advanced=True),
    ] = 100_000
    grace: Grace = 10.0

    max_submissions: Annotated[
        Annotated[Limit, Field(default_factory=_elsewhere(120))],
        Option(
            "Largest number of submissions of a client per minute.",
            default=OWN.format(120),
            advanced=True,
        ),
    ]
    max_waiting: Annotated[
        Annotated[Limit, Field(default_factory=_elsewhere(200))],
        Option(
            "Largest number of jobs of a client that wait.", default=OWN.format(200), advanced=True
        ),
    ]
    max_traffic: Annotated[
        Annotated[Limit, Field(default_factory=_elsewhere(4 * 2**30))],
        Option(
            "Largest amount that a client sends in an hour.",
            unit="bytes",
            default=OWN.format("4 GiB"),
            advanced=True,
        ),
    ]
    max_visits: Annotated[
        Annotated[Limit, Field(default_factory=_elsewhere(1200))],
        Option(
            "Largest number of requests of a client per minute to the pages of --pilot.",
            default=OWN.format(1200),
            advanced=True,
        ),
    ]
    proxy: Annotated[
        tuple[str, ...],
        Option(
            "Address of a proxy in front of the service, whose header X-Forwarded-For is believed.",
            repeated=True,
            metavar="ADDRESS",
            advanced=True,
        ),
    ] = ()

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        return _is_own(self.host)


class Working(Shared):
    """Options of a worker."""

    name: Annotated[
        str,
        Field(default_factory=socket.gethostname, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"),
        Option(
            "Name of this machine, which no other machine of the service has.",
            default="its host name",
        ),
    ]
    slots: Annotated[
        Annotated[int, Field(ge=1, le=64)],
        Option("Number of processes, each of which does one job at a time on the device."),
    ] = 1
    keep: Annotated[
        Annotated[int, Field(ge=1)],
        Option("Number of models that stay loaded; the least recently used one goes first."),
    ] = 2
    dead_after: Annotated[
        Annotated[Finite, Field(ge=1)],
        Option(
            "Time without a sign of life after which the jobs of a worker are taken over.",
            unit="seconds",
            advanced=True,
        ),
    ] = 15.0
    grace: Grace = 10.0
