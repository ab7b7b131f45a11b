"""A server of S3's protocol on this machine, and a line to it that can be cut."""

import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager, suppress

PATIENCE_S = 60.0
BLOCK = 65536


def free_port():
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def moto(log):
    """Run a server of moto, which keeps objects in its memory; gives its port."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("w") as file:
        made = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        until = time.monotonic() + PATIENCE_S
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if made.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the object store does not start: {log.read_text()}")
            time.sleep(0.1)
        yield port
    finally:
        made.kill()
        made.wait(10)


class Line:
    """Passes connections on to a server, each until it has sent `most` bytes to it.

    Attributes:
        port: where it listens.
        most: the number of bytes after which a connection is cut; None for no limit.
        stuck: whether what is sent is taken and never passed on.
        cuts: how many connections were cut.
    """

    def __init__(self, port):
        self.to, self.most, self.cuts, self.stuck = port, None, 0, False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listening.close()

    def _accept(self):
        with suppress(OSError):  # it was closed
            while True:
                taken, _ = self._listening.accept()
                threading.Thread(target=self._pass_on, args=(taken,), daemon=True).start()

    def _pass_on(self, taken):
        with ExitStack() as stack, suppress(OSError):
            stack.enter_context(taken)
            server = stack.enter_context(socket.create_connection(("127.0.0.1", self.to)))
            threading.Thread(target=_copy, args=(server, taken), daemon=True).start()
            sent = 0
            while data := taken.recv(BLOCK):
                if self.stuck:
                    continue
                left = len(data) if self.most is None else self.most - sent
                server.sendall(data[:left])
                sent += len(data)
                if left < len(data):
                    self.cuts += 1
                    break
            for each in (server, taken):  # a thread may still wait for them
                each.shutdown(socket.SHUT_RDWR)


def _copy(source, target):
    with suppress(OSError):
        while data := source.recv(BLOCK):
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)
