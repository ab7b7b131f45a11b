"""The page on which raters vote: two pictures, the picture before, and the instruction.

It is plain HTML that works without its script; the script adds keys. Addresses contain the token of
a rater and names of pairs that say nothing of the arms, and pictures are sent without what their
files carry. The guard of the service stands before it (`yuragi.service.guard`).
"""

from __future__ import annotations

import hmac
import io
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from PIL import Image
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles

from yuragi.images.read import open_picture, read_picture
from yuragi.images.show import with_moves
from yuragi.research.pilot.arms import request_of, sources_of
from yuragi.research.pilot.pairs import Blind, Shown
from yuragi.research.pilot.plan import LANGUAGES, Language
from yuragi.research.pilot.run import Row
from yuragi.research.pilot.votes import Choice, Vote, Votes
from yuragi.research.pilot.words import spoken, words
from yuragi.service.guard import Guard

__all__ = ["Booth", "make_page"]

POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MAX_BYTES = 10_000
"""The largest body of a vote."""
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
Side = Literal["left", "right", "before"]


@dataclass(frozen=True)
class Booth:
    """What the page shows, and where votes go.

    Attributes:
        blind: the pairs of the plan, blinded.
        beside: the folder of the plan, from which the names of pictures count.
        folder: the folder of the pilot.
        rows: its runs; pairs are shown when both of their pictures are there.
        votes: its votes.
    """

    blind: Blind
    beside: Path
    folder: Path
    rows: tuple[Row, ...]
    votes: Votes

    def rater(self, token: str) -> str:
        """The rater of a token; 404 for none."""
        for name in self.votes.raters():
            if hmac.compare_digest(self.blind.token(name), token):
                return name
        raise HTTPException(404, "there is no such rater")

    def session(self, rater: str) -> list[Shown]:
        """The pairs that a rater sees, in order."""
        there = {row.key for row in self.rows}
        return [
            each
            for each in self.blind.session(rater)
            if all((each.pair.edit, each.pair.seed, arm) in there for arm in each.pair.arms)
        ]

    def shown(self, rater: str, pair: str) -> Shown:
        """A pair of a rater by its name; 404 for none."""
        for each in self.session(rater):
            if each.pair.name == pair:
                return each
        raise HTTPException(404, "there is no such pair")

    def picture(self, shown: Shown, side: Side) -> Image.Image:
        """A picture of a pair; before a drag with arrows drawn in."""
        pair, plan = shown.pair, self.blind.plan
        if side == "before":
            request = request_of(plan, pair.edit, pair.arms[0], pair.seed)
            return with_moves(self.sources[request.image.digest], request.moves)
        arm = shown.left if side == "left" else shown.right
        row = next(row for row in self.rows if row.key == (pair.edit, pair.seed, arm))
        opened = open_picture(self.folder / row.file, "picture", 10**9)
        return with_moves(read_picture(opened), ())

    @cached_property
    def sources(self) -> dict[str, Image.Image]:
        """The pictures before, by digest."""
        return sources_of(self.blind.plan, self.beside)


def make_page(booth: Booth, hosts: frozenset[str] = LOCAL) -> FastAPI:
    """The page as an ASGI application.

    Args:
        booth: what it shows.
        hosts: the names by which it may be called.
    """
    guard = Middleware(Guard, hosts=hosts, token="", max_bytes=MAX_BYTES)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, middleware=[guard])
    static = files("yuragi.research.pilot") / "static"
    app.mount("/static", StaticFiles(directory=str(static)))
    templates = Environment(
        loader=PackageLoader("yuragi.research.pilot"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def shows(name: str, **told: Any) -> HTMLResponse:
        # Browsers name the origin of a form only if its page does not hide it.
        headers = {"content-security-policy": POLICY, "referrer-policy": "same-origin"}
        return HTMLResponse(templates.get_template(name).render(**told), headers=headers)

    @app.get("/rate/{token}")
    def next_pair(token: str, request: Request, language: Language | None = None) -> Response:
        """The first pair without a vote, or thanks when there is none left."""
        rater = booth.rater(token)
        done = {vote.pair for vote in booth.votes.all() if vote.rater == rater}
        for each in booth.session(rater):
            if each.pair.name not in done:
                return _pair(token, each.pair.name, request, language)
        spoken_in = _language(request, language)
        return shows(
            "done.html",
            language=spoken_in,
            words=words(spoken_in),
            count=len(done),
            simulated=booth.votes.simulated(rater),
            token=token,
        )

    @app.get("/rate/{token}/{pair}")
    def one_pair(
        token: str, pair: str, request: Request, language: Language | None = None
    ) -> Response:
        """A pair, with the vote that was cast on it."""
        return _pair(token, pair, request, language)

    def _pair(token: str, pair: str, request: Request, language: Language | None) -> Response:
        rater, spoken_in = booth.rater(token), _language(request, language)
        session, shown = booth.session(rater), booth.shown(rater, pair)
        votes = {vote.pair: vote for vote in booth.votes.all() if vote.rater == rater}
        place = session.index(shown)
        edit = booth.blind.plan.draft.edit(shown.pair.edit)
        return shows(
            "pair.html",
            language=spoken_in,
            languages=LANGUAGES,
            words=words(spoken_in),
            token=token,
            pair=pair,
            instruction=spoken(edit.instruction, spoken_in),
            place=place + 1,
            total=len(session),
            done=len(votes),
            before=session[place - 1].pair.name if place else None,
            vote=votes.get(pair),
            simulated=booth.votes.simulated(rater),
        )

    @app.post("/rate/{token}/{pair}")
    def cast(
        token: str,
        pair: str,
        choice: Annotated[Choice, Form()],
        language: Annotated[Language, Form()],
        left_accepted: Annotated[bool, Form()] = False,
        right_accepted: Annotated[bool, Form()] = False,
    ) -> Response:
        """Keep a vote and show the next pair; the same vote again changes nothing."""
        rater = booth.rater(token)
        shown = booth.shown(rater, pair)
        booth.votes.cast(
            Vote(
                rater,
                pair,
                shown.pair.edit,
                shown.pair.seed,
                shown.left,
                shown.right,
                choice,
                left_accepted,
                right_accepted,
                booth.blind.plan.digest,
                booth.votes.simulated(rater),
            )
        )
        return RedirectResponse(f"/rate/{token}?language={language}", 303)

    @app.get("/rate/{token}/{pair}/{side}.png")
    def picture(token: str, pair: str, side: Side) -> Response:
        """A picture of a pair, as pixels only."""
        shown = booth.shown(booth.rater(token), pair)
        written = io.BytesIO()
        booth.picture(shown, side).save(written, "PNG")
        return Response(written.getvalue(), media_type="image/png")

    return app


def _language(request: Request, chosen: Language | None) -> Language:
    """The language that was chosen, or that of the browser."""
    if chosen is not None:
        return chosen
    return "ja" if request.headers.get("accept-language", "").lower().startswith("ja") else "en"
