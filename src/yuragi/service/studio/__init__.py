"""The studio: a page in the browser, and the small questions that it asks beside the jobs.

Everything that takes a network of its own is a job. These routes answer at once: what a drag looks
like before it runs, which words a model reads, how well it knows a picture, what a saved picture
says about itself. PyTorch is imported when the page is opened first.
"""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from yuragi.service.studio import lab, models, page, pictures, said, warps

__all__ = ["add_studio"]


def add_studio(app: FastAPI, prefix: str) -> None:
    """Add the page and its routes to the service, after all other routes."""
    router = APIRouter(prefix=f"{prefix}/studio", tags=["studio"])
    for part in (warps, models, pictures, said, lab):
        router.include_router(part.router)
    app.include_router(router)
    page.add_page(app)
