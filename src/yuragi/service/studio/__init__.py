"""The studio: a page in the browser, and the small requests that it sends in addition to jobs.

Everything that runs a network for long is a job. These routes answer at once: what a drag looks
like before it runs, which words a model reads, how well it knows a picture, and what a saved
picture contains. PyTorch is imported when the page is first opened.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI

from yuragi.service.studio import lab, models, page, pictures, said, warps
from yuragi.service.studio.seats import SEATS, Seats

__all__ = ["add_studio"]


def add_studio(app: FastAPI, prefix: str) -> None:
    """Add the page and its routes to the service, after all other routes."""
    router = APIRouter(prefix=f"{prefix}/studio", tags=["studio"])
    for part in (warps, models, pictures, said, lab):
        router.include_router(part.router, dependencies=[Depends(Seats(SEATS))])
    app.include_router(router)
    page.add_page(app)
