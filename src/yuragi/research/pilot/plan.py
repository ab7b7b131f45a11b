"""The plan of a pilot: what a person writes, and what is fixed before anything runs.

A draft is a TOML file with pictures, edits, arms, and the rule of the decision. `fix` (in
`yuragi.research.pilot.arms`) turns it into a plan, in which every request is complete, the budget
is equal, and the number of votes is known. The plan is a JSON file to commit. Every result, vote
and report contains its digest, so that later changes of the rule are noticed.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field

from yuragi.errors import InputError
from yuragi.options.values import Finite, Strict

__all__ = [
    "LANGUAGES",
    "Arm",
    "Budget",
    "Draft",
    "Edit",
    "Language",
    "Plan",
    "Price",
    "Rule",
    "Size",
    "Voting",
    "read_draft",
    "read_plan",
]

Language = Literal["en", "ja"]
LANGUAGES: Sequence[Language] = ("en", "ja")


def _named(text: str) -> str:
    """The text, if it can be a name in files and tables."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", text):
        raise ValueError("up to 40 small letters, digits and hyphens, and begin with no hyphen")
    return text


Name = Annotated[str, AfterValidator(_named)]
Between = Annotated[Finite, Field(gt=0, lt=1)]
Texts = Mapping[Language, str]
"""A text by language; a missing language falls back to English."""


class Edit(Strict):
    """An edit of one picture.

    Attributes:
        name: its name in files and tables.
        task: the name of a task, such as ``drag``.
        image: the file of the picture, relative to the plan.
        instruction: what a rater reads, by language.
        options: options of the task as in Python; paths of masks are relative to the plan.
        expect: labels that the shipped judge of portraits should see in the result, by attribute;
            empty for other kinds of pictures.
    """

    name: Name
    task: str
    image: str
    instruction: Texts
    options: Mapping[str, Any] = {}
    expect: Mapping[str, str] = {}


class Arm(Strict):
    """A way of making every edit.

    Attributes:
        name: its name in files and tables; raters never see it.
        title: what the report calls it, by language.
        options: options of the tasks that differ from those of the edit.
    """

    name: Name
    title: Texts
    options: Mapping[str, Any] = {}


class Budget(Strict):
    """The network evaluations of one edit.

    Attributes:
        evaluations: the number that every arm may use; its steps are chosen to fit. If this is
            None, the arms keep their steps, and the report says that budgets differ.
        tolerance: the share of the budget that an arm may leave unused.
    """

    evaluations: Annotated[int, Field(ge=1)] | None = None
    tolerance: Between = 0.1


class Voting(Strict):
    """The assumptions about the votes, which determine their number.

    Attributes:
        raters: how many people vote; each sees every pair once.
        effect: the smallest preference worth finding, as a share of votes above one half.
        level: the probability that some interval, at any time, does not contain the truth.
        power: the probability of finding the effect.
        ties: the share of ties.
        rater_correlation: correlation of votes by one rater (intraclass correlation).
        picture_correlation: correlation of votes on one picture.
        most_seeds: the maximum number of seeds for each edit.
    """

    raters: Annotated[int, Field(ge=3, le=1000)]
    effect: Annotated[Finite, Field(gt=0, lt=0.5)] = 0.2
    level: Between = 0.05
    power: Between = 0.8
    ties: Annotated[Finite, Field(ge=0, lt=1)] = 0.2
    rater_correlation: Annotated[Finite, Field(ge=0, lt=1)] = 0.05
    picture_correlation: Annotated[Finite, Field(ge=0, lt=1)] = 0.1
    most_seeds: Annotated[int, Field(ge=1, le=100)] = 8

    @property
    def correlations(self) -> tuple[float, float]:
        """The assumed correlations of votes by one rater and of votes on one picture."""
        return self.rater_correlation, self.picture_correlation


class Rule(Strict):
    """When to go, to extend or to stop; see `yuragi.research.pilot.decision`.

    Attributes:
        losses: how much an arm may lose against the baseline in each automatic measure.
        slower: the longest allowed response time, as a multiple of the baseline's.
        costlier: the highest allowed cost of an accepted edit, as a multiple of the baseline's. At
            1, an arm that is exactly as good as the baseline would fail half of the time.
        extension: the number of votes at which the pilot stops, as a multiple of the planned votes.
    """

    losses: Mapping[str, Annotated[Finite, Field(ge=0)]] = {}
    slower: Annotated[Finite, Field(gt=0)] = 1.5
    costlier: Annotated[Finite, Field(gt=0)] = 1.25
    extension: Annotated[Finite, Field(ge=1)] = 2.0


class Price(Strict):
    """What an hour of the machine costs.

    Attributes:
        per_hour: the price.
        currency: the currency to display, such as EUR or JPY.
    """

    per_hour: Annotated[Finite, Field(ge=0)]
    currency: str = "EUR"


class Draft(Strict):
    """What a person writes.

    Attributes:
        name: the name of the pilot.
        title: what the report calls it, by language.
        model: name of a model, or path of a pipeline.
        baseline: the arm with which the others are compared.
        seed: the first seed; the seeds of an edit are this and the following ones, the same for
            every arm.
        edits: the edits.
        arms: two arms or more.
        budget: the evaluations of an edit.
        voting: the assumptions about the votes.
        rule: when to go, to extend or to stop.
        price: what an hour of the machine costs.
    """

    name: Name
    title: Texts
    model: str = "portraits"
    baseline: str
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    edits: Annotated[tuple[Edit, ...], Field(min_length=3)]
    arms: Annotated[tuple[Arm, ...], Field(min_length=2, max_length=8)]
    budget: Budget
    voting: Voting
    rule: Rule = Rule()
    price: Price

    def check(self) -> None:
        """Check values that depend on one another.

        Raises:
            InputError: names repeat, the baseline is not one of the arms, or a text is missing.
        """
        for kind, named in (("edit", self.edits), ("arm", self.arms)):
            names = [each.name for each in named]
            if len(set(names)) < len(names):
                raise InputError(f"{kind}.name", ", ".join(names), "another for each")
        arms = [each.name for each in self.arms]
        if self.baseline not in arms:
            raise InputError("baseline", self.baseline, "one of " + ", ".join(arms))
        texts = {"title": self.title, **{f"arm {each.name}": each.title for each in self.arms}}
        texts |= {f"edit {each.name}": each.instruction for each in self.edits}
        for place, text in texts.items():
            if not text.get("en", "").strip():
                raise InputError(f"{place}.en", text.get("en"), "a text in English")

    @property
    def challengers(self) -> list[str]:
        """All arms except the baseline."""
        return [each.name for each in self.arms if each.name != self.baseline]

    @property
    def comparisons(self) -> list[tuple[str, str]]:
        """All pairs of arms."""
        return list(combinations([each.name for each in self.arms], 2))

    def edit(self, name: str) -> Edit:
        """The edit with this name."""
        return next(each for each in self.edits if each.name == name)


class Size(Strict):
    """The number of votes that a plan needs; see `yuragi.research.pilot.size`.

    Attributes:
        seeds: the number of seeds of each edit.
        votes: the number of votes on each pair of arms, by all raters.
        per_rater: the number of votes by one rater on all pairs of arms.
        level: the level of each comparison with the baseline.
        information: 1 / squared standard error of the preference once these votes are cast.
        detectable: the preference above one half that these votes find with the desired power.
    """

    seeds: int
    votes: int
    per_rater: int
    level: float
    information: float
    detectable: float


class Plan(Strict):
    """A fixed plan.

    Attributes:
        version: the version of this format.
        draft: what a person wrote.
        weights: the fingerprint of the model.
        weak_weights: the fingerprint of each weaker model by its name in requests.
        size: the number of votes that it needs.
        requests: the complete request of each edit and arm, for the first seed.
        evaluations: the network evaluations of each edit and arm, counted by a rehearsal.
    """

    version: Literal[1] = 1
    draft: Draft
    weights: str
    weak_weights: Mapping[str, str] = {}
    size: Size
    requests: Mapping[str, Mapping[str, Mapping[str, Any]]]
    evaluations: Mapping[str, Mapping[str, int]]

    @property
    def seeds(self) -> list[int]:
        """The seeds of every edit, the same for every arm."""
        return list(range(self.draft.seed, self.draft.seed + self.size.seeds))

    @property
    def pictures(self) -> dict[str, str]:
        """The digest of the picture of each edit; votes on one picture are correlated."""
        return {
            edit: arms[self.draft.baseline]["image"]["digest"]
            for edit, arms in self.requests.items()
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the plan's content, regardless of white space and the order of keys."""
        said = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(said.encode()).hexdigest()

    def write(self, path: Path) -> None:
        """Write the plan to a file."""
        text = json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Create a plan from plain values.

        Raises:
            InputError: the values are not a plan.
        """
        draft = _draft(given.get("draft"), "edits", "arms")
        return cls(**{**given, "draft": draft})


def read_draft(path: Path) -> Draft:
    """Read a draft (TOML).

    Raises:
        InputError: the file is missing, or a value in it is not allowed.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("draft", str(path), "a TOML file that can be read") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        reason = f"this is not TOML: {error}"
        raise InputError("draft", str(path), "a TOML file", reason) from error
    return _draft(given, "edit", "arm")


def read_plan(path: Path) -> Plan:
    """Read a fixed plan (JSON).

    Raises:
        InputError: the file is missing, or is not a plan.
    """
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("plan", str(path), "a plan that `yuragi pilot plan` wrote") from error
    except ValueError as error:
        raise InputError("plan", str(path), "a JSON file", "this is not JSON") from error
    if not isinstance(given, dict):
        raise InputError("plan", str(path), "a plan that `yuragi pilot plan` wrote")
    return Plan.of(given)


def _draft(given: object, edits: str, arms: str) -> Draft:
    """Create a draft from plain values, part by part, so that errors say where they are.

    Args:
        given: the values.
        edits: the key of the edits in them.
        arms: the key of the arms.
    """
    if not isinstance(given, dict):
        raise InputError("draft", None, "a table")
    spelt = {"edits": edits, "arms": arms}
    keys = [spelt.get(name, name) for name in Draft.model_fields]
    if unknown := [key for key in given if key not in keys]:
        allowed = "one of " + ", ".join(keys)
        raise InputError(unknown[0], None, allowed, "a draft has no such key")
    values = dict(given)
    values["edits"] = _parts(values, edits, Edit)
    values["arms"] = _parts(values, arms, Arm)
    sections: dict[str, type[Strict]] = {
        "budget": Budget,
        "voting": Voting,
        "rule": Rule,
        "price": Price,
    }
    for name, kind in sections.items():
        if isinstance(values.get(name), dict):
            values[name] = _part(name, kind, values[name])
    try:
        draft = Draft(**values)
    except InputError as error:
        raise error.called(spelt.get(error.argument, error.argument)) from error
    draft.check()
    return draft


def _parts(values: dict[str, Any], key: str, kind: type[Strict]) -> list[Strict]:
    """The edits or the arms; an error names the number of the part, and its name if it has one."""
    found = values.pop(key, None)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise InputError(key, None, f"tables [[{key}]]")
    places = [
        f"{kind.__name__.lower()} {k}" + (f" ({each['name']})" if each.get("name") else "")
        for k, each in enumerate(found, 1)
    ]
    return [_part(place, kind, each) for place, each in zip(places, found, strict=True)]


def _part(place: str, kind: type[Strict], given: Mapping[str, Any]) -> Strict:
    """A part of a draft.

    Raises:
        InputError: a value is not allowed; the error begins with the place.
    """
    try:
        return kind(**given)
    except InputError as error:
        raise error.called(f"{place}.{error.argument}") from error
