"""The typed client of a service (`yuragi serve`), for programs with and without asyncio.

    from yuragi.client import Client

    with Client("http://127.0.0.1:8420") as service:
        job = service.submit("sdedit", image="face.png", prompt="a person with red hair", seed=0)
        done = service.wait(job.id)
        Path("red.png").write_bytes(service.download(service.result(done.id).pictures[0].id))

Options are those of the request classes (docs/options.md). It needs neither PyTorch nor a model.
"""

from yuragi.client.asynchronous import AsyncClient
from yuragi.client.calls import Refused
from yuragi.client.synchronous import Client

__all__ = ["AsyncClient", "Client", "Refused"]
