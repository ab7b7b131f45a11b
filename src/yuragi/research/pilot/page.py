"""The page on which raters vote: two pictures, the picture before the edit, and the instruction.

The page is plain HTML that works without its script, which adds keyboard shortcuts. URLs contain a
rater's token and the names of pairs, which do not reveal the arms. Pictures are sent without the
metadata of their files. The service shows the page below ``/pilot`` (`yuragi.service.pages`);
`yuragi pilot votes` serves it alone, behind the same guard and limits.
"""

from __future__ import annotations

import hmac
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from PIL import Image

from yuragi.errors import InputError
from yuragi.images.read import open_picture, read_picture
from yuragi.images.show import with_moves
from yuragi.research.pilot.arms import request_of
from yuragi.research.pilot.environment import open_templates
from yuragi.research.pilot.kept import kept_picture, kept_plan
from yuragi.research.pilot.pairs import Blind, Shown, blind_of
from yuragi.research.pilot.plan import LANGUAGES, Language
from yuragi.research.pilot.run import Key, Row, read_rows
from yuragi.research.pilot.votes import Choice, Vote, Votes
from yuragi.research.pilot.words import spoken, words
from yuragi.service.whole import WholeFiles

__all__ = ["Booth", "make_page", "open_booth", "open_page"]

POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
Side = Literal["left", "right", "before"]


@dataclass(frozen=True)
class Booth:
    """What the page shows of a pilot, and where it stores the votes.

    Attributes:
        blind: the pairs of the plan, blinded.
        folder: the folder of the pilot.
        rows: its runs; a pair is shown only if both of its pictures exist.
        votes: its votes.
    """

    blind: Blind
    folder: Path
    rows: tuple[Row, ...]
    votes: Votes

    def rater(self, token: str) -> str | None:
        """The rater with this token, or None."""
        given = token.encode()
        for name in self.votes.raters():
            if hmac.compare_digest(self.blind.token(name).encode(), given):
                return name
        return None

    @cached_property
    def runs(self) -> Mapping[Key, Row]:
        """The runs by edit, seed and arm."""
        return {row.key: row for row in self.rows}

    def session(self, rater: str) -> list[Shown]:
        """The pairs that a rater sees, in order."""
        return [
            each
            for each in self.blind.session(rater)
            if all((each.pair.edit, each.pair.seed, arm) in self.runs for arm in each.pair.arms)
        ]

    def shown(self, rater: str, pair: str) -> Shown:
        """The rater's pair with this name; the answer is 404 if there is none."""
        for each in self.session(rater):
            if each.pair.name == pair:
                return each
        raise HTTPException(404)

    def picture(self, shown: Shown, side: Side) -> Image.Image:
        """A picture of a pair; the picture before a drag has arrows that show the motion."""
        pair, plan = shown.pair, self.blind.plan
        if side == "before":
            request = request_of(plan, pair.edit, pair.arms[0], pair.seed)
            return with_moves(kept_picture(self.folder, request.image.digest), request.moves)
        arm = shown.left if side == "left" else shown.right
        row = self.runs[pair.edit, pair.seed, arm]
        opened = open_picture(self.folder / row.file, "picture", 10**9)
        return with_moves(read_picture(opened), ())


def open_booth(folder: Path) -> Booth:
    """The booth of a pilot.

    Args:
        folder: a folder in which `yuragi pilot run` has run.

    Raises:
        InputError: the folder has no runs.
    """
    plan, rows = kept_plan(folder), read_rows(folder)
    if not rows:
        raise InputError("folder", str(folder), "a folder in which `yuragi pilot run` has run")
    return Booth(blind_of(plan, folder), folder, tuple(rows), Votes.of(folder))


def open_page(folders: Sequence[Path]) -> FastAPI:
    """The page for several pilots; see `make_page`.

    Raises:
        InputError: one of the folders has no runs.
    """
    return make_page([open_booth(folder) for folder in folders])


def make_page(booths: Sequence[Booth]) -> FastAPI:
    """The page as an ASGI application, to be mounted below a path and behind the guard.

    Args:
        booths: the pilots that it shows; a rater's token selects one of them.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    static = files("yuragi.research.pilot") / "static"
    app.mount("/static", WholeFiles(directory=str(static)))
    templates = open_templates()

    def admitted(token: str) -> tuple[Booth, str]:
        """The booth and the rater of a token; the answer is 404 if there is none."""
        for booth in booths:
            if rater := booth.rater(token):
                return booth, rater
        raise HTTPException(404)

    def shows(
        name: str, request: Request, language: Language | None, status: int = 200, **told: Any
    ) -> HTMLResponse:
        # Browsers send the origin of a form only if the page's referrer policy allows it.
        headers = {"content-security-policy": POLICY, "referrer-policy": "same-origin"}
        spoken_in = _language(request, language)
        text = templates.get_template(name).render(
            **told,
            root=request.scope["root_path"],
            language=spoken_in,
            languages=LANGUAGES,
            words=words(spoken_in),
        )
        return HTMLResponse(text, status, headers=headers)

    @app.exception_handler(404)
    def missing(request: Request, error: Exception) -> Response:
        """Tell people that their link is incomplete; emails sometimes cut off links."""
        return shows("missing.html", request, None, 404, simulated=False)

    @app.get("/rate/{token}")
    def next_pair(token: str, request: Request, language: Language | None = None) -> Response:
        """The first pair without a vote, or a page of thanks if none is left."""
        booth, rater = admitted(token)
        done = {vote.pair for vote in booth.votes.all() if vote.rater == rater}
        session = booth.session(rater)
        for each in session:
            if each.pair.name not in done:
                return _pair(token, each.pair.name, request, language)
        return shows(
            "done.html",
            request,
            language,
            count=len(done),
            simulated=booth.votes.simulated(rater),
            token=token,
            before=session[-1].pair.name if session else None,
        )

    @app.get("/rate/{token}/{pair}")
    def one_pair(
        token: str, pair: str, request: Request, language: Language | None = None
    ) -> Response:
        """A pair, with the vote that was cast on it."""
        return _pair(token, pair, request, language)

    def _pair(token: str, pair: str, request: Request, language: Language | None) -> Response:
        booth, rater = admitted(token)
        session, shown = booth.session(rater), booth.shown(rater, pair)
        votes = {vote.pair: vote for vote in booth.votes.all() if vote.rater == rater}
        place = session.index(shown)
        edit = booth.blind.plan.draft.edit(shown.pair.edit)
        return shows(
            "pair.html",
            request,
            language,
            token=token,
            pair=pair,
            instruction=spoken(edit.instruction, _language(request, language)),
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
        request: Request,
        choice: Annotated[Choice, Form()],
        language: Annotated[Language, Form()],
        left_accepted: Annotated[bool, Form()] = False,
        right_accepted: Annotated[bool, Form()] = False,
    ) -> Response:
        """Store a vote and show the next pair; casting the same vote again changes nothing."""
        booth, rater = admitted(token)
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
        root = request.scope["root_path"]
        return RedirectResponse(f"{root}/rate/{token}?language={language}", 303)

    @app.get("/rate/{token}/{pair}/{side}.png")
    def picture(token: str, pair: str, side: Side) -> Response:
        """A picture of a pair, as pixels only."""
        booth, rater = admitted(token)
        shown = booth.shown(rater, pair)
        written = io.BytesIO()
        booth.picture(shown, side).save(written, "PNG")
        return Response(written.getvalue(), media_type="image/png")

    return app


def _language(request: Request, chosen: Language | None) -> Language:
    """The language that was chosen, or that of the browser."""
    if chosen is not None:
        return chosen
    return "ja" if request.headers.get("accept-language", "").lower().startswith("ja") else "en"
