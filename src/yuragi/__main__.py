"""The command `yuragi`, and `python -m yuragi`."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

__all__ = ["run"]


def run() -> None:
    """Run the command; an interrupt at any moment gives one line and exit code 130.

    A library that is interrupted during its import may raise another exception, so any error after
    an interrupt counts as an interrupt.
    """
    interrupted = False

    def interrupt(number: int, frame: object) -> NoReturn:
        nonlocal interrupted
        interrupted = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # the next one ends the process
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # in the background it stays ignored
        signal.signal(signal.SIGINT, interrupt)
    try:
        from yuragi.cli import main

        main()
    except SystemExit as ended:
        if interrupted and ended.code != 130:
            _stop()
        raise
    except BaseException:
        if interrupted:
            _stop()
        raise


def _stop() -> NoReturn:
    print("interrupted", file=sys.stderr)
    sys.exit(130)


if __name__ == "__main__":
    run()
