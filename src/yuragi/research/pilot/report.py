"""The report of a pilot: one self-contained HTML file, and the same report as PDF.

WeasyPrint makes the PDF with the fonts that are installed on the machine. A report in Japanese
needs a font with Japanese characters (on Debian, for example, the package fonts-noto-cjk).
"""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from yuragi.errors import missing_extra
from yuragi.images.read import open_picture, read_picture
from yuragi.research.pilot.arms import request_of
from yuragi.research.pilot.chart import intervals, path
from yuragi.research.pilot.kept import kept_picture
from yuragi.research.pilot.plan import Language
from yuragi.research.pilot.run import HEAD
from yuragi.research.pilot.summary import Summary
from yuragi.research.pilot.votes import Votes
from yuragi.research.pilot.words import spoken, words

__all__ = ["html_of", "write_report"]

EXAMPLES = 4


def write_report(summary: Summary, folder: Path, languages: Sequence[Language]) -> list[Path]:
    """Write HTML and PDF in each language, the numbers as JSON, and the votes as CSV.

    Args:
        summary: the content of the report.
        folder: the folder of the pilot; the files are written in its folder ``report``.
        languages: the languages.

    Returns:
        the files.

    Raises:
        MissingExtraError: packages of the extra are missing.
    """
    make = _pdf_maker()
    out = folder / "report"
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for language in languages:
        page = html_of(summary, folder, language)
        html, pdf = out / f"report.{language}.html", out / f"report.{language}.pdf"
        html.write_text(page, encoding="utf-8")
        make(string=page, base_url=None).write_pdf(pdf)
        written += [html, pdf]
    numbers, votes = out / "report.json", out / "votes.csv"
    head = {"benchmark": "pilot", **_head(summary)}
    head |= {"seeds": summary.plan.seeds, "n": len(summary.rows)}
    numbers.write_text(json.dumps(head | summary.values(), indent=1) + "\n", encoding="utf-8")
    Votes.of(folder).write_csv(votes)
    return [*written, numbers, votes]


def _pdf_maker() -> Any:
    """WeasyPrint's class `HTML`.

    Importing it makes Pillow accept truncated files in the whole process. The setting is restored,
    because truncated files from users must still be refused.
    """
    from PIL import ImageFile

    before = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        from weasyprint import HTML
    except ImportError as error:
        raise missing_extra("the report of a pilot", "pilot") from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before
    return HTML


def _head(summary: Summary) -> dict[str, Any]:
    """What ran the pilot: the values of its rows, joined where they differ."""
    found = {name: list(dict.fromkeys(getattr(row, name) for row in summary.rows)) for name in HEAD}
    return {
        name: values[0] if len(values) == 1 else ", ".join(map(str, values))
        for name, values in found.items()
    }


def html_of(summary: Summary, folder: Path, language: Language) -> str:
    """The report in one language, as HTML that refers to no other file."""
    try:
        from yuragi.research.pilot.environment import open_templates
    except ImportError as error:
        raise missing_extra("the report of a pilot", "pilot") from error
    templates = open_templates()
    draft, said = summary.plan.draft, words(language)
    titles = {arm.name: spoken(arm.title, language) for arm in draft.arms}
    templates.filters["amount"] = _amount
    return templates.get_template("report.html").render(
        language=language,
        words=said,
        s=summary,
        draft=draft,
        size=summary.plan.size,
        title=spoken(draft.title, language),
        titles=titles,
        measures={k[8:]: text for k, text in said.items() if k.startswith("measure_")},
        risks=_risks(summary, titles, language),
        pictures=len(set(summary.plan.pictures.values())),
        raters=len({vote.rater for vote in summary.votes}),
        runs_digests=sorted({row.plan for row in summary.rows}),
        votes_digests=sorted({vote.plan for vote in summary.votes}),
        preferences=intervals(
            [(titles[arm], each.preference) for arm, each in summary.against.items()],
            draft.voting.effect,
        ),
        paths={arm: path(each.path, draft.voting.effect) for arm, each in summary.against.items()},
        examples=_examples(summary, folder, language),
        head=_head(summary),
    )


def _risks(summary: Summary, titles: dict[str, str], language: Language) -> list[str]:
    """The risks as sentences, with the names of arms and measures in this language."""
    said, found = words(language), []
    for name, values in summary.risks:
        shown = dict(values)
        if "arm" in shown:
            shown["arm"] = titles[str(shown["arm"])]
        if "measure" in shown:
            shown["measure"] = said[f"measure_{shown['measure']}"]
        found.append(said[f"risk_{name}"].format(**shown))
    return found


def _examples(summary: Summary, folder: Path, language: Language) -> list[dict[str, Any]]:
    """Some edits at equal distances, with the first seed: the picture before, that of each arm."""
    plan = summary.plan
    files = {row.key: folder / row.file for row in summary.rows}
    every, found = -(-len(plan.draft.edits) // EXAMPLES), []
    for edit in plan.draft.edits[::every]:
        arms = {
            arm.name: files.get((edit.name, plan.seeds[0], arm.name)) for arm in plan.draft.arms
        }
        request = request_of(plan, edit.name, plan.draft.baseline, plan.seeds[0])
        made = {
            arm: _data(read_picture(open_picture(file, "picture", 10**9)))
            for arm, file in arms.items()
            if file is not None
        }
        before = _data(kept_picture(folder, request.image.digest))
        found.append({"said": spoken(edit.instruction, language), "before": before, "arms": made})
    return found


def _data(picture: Image.Image) -> str:
    """A picture as a data URL."""
    written = io.BytesIO()
    picture.convert("RGB").save(written, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()


def _amount(value: float) -> str:
    """An amount of money with at least two significant digits."""
    if math.isinf(value):
        return "∞"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.2g}"
