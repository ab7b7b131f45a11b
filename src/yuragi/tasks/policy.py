"""The operator's policy: rules that see each request before it runs, and may refuse it.

A policy is a TOML file with a table for each rule, named as in the registry `RULES`:

    [prompts]
    blocked = ["nude", "secret project"]

    [consent]                  # edits must declare that the people shown agree
    tasks = ["drag", "sdedit"]

    [pictures]
    max_pixels = 1000000

A package adds rules through the entry point group ``yuragi.policies``: subclasses of `Rule`, whose
fields are the keys of their tables. If a rule raises an error, the request does not run.
"""

from __future__ import annotations

import tomllib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from yuragi.errors import InputError, YuragiError
from yuragi.options.option import Option
from yuragi.options.values import Strict
from yuragi.registry import Registry
from yuragi.tasks.base import Request

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["RULES", "Asked", "Forbidden", "Permission", "Policy", "Rule", "read_policy"]


class Permission(Strict):
    """What a policy is told in addition to the request."""

    consent: Annotated[
        bool,
        Option(
            "Say that the people in the picture agree to the edit, where a policy asks for it.",
            advanced=True,
        ),
    ] = False


@dataclass(frozen=True)
class Asked:
    """A request that a policy has to decide about.

    Attributes:
        request: the complete request.
        pictures: its pictures by digest.
        consent: whether the caller declares that the people in the pictures agree.
    """

    request: Request
    pictures: Mapping[str, Image.Image] = field(default_factory=dict)
    consent: bool = False


class Rule(Strict):
    """A rule of a policy; its fields are its options."""

    @abstractmethod
    def refusal(self, asked: Asked) -> str | None:
        """Why a request is refused, as a sentence for the caller; None if it can run."""


class Forbidden(YuragiError):
    """The policy refuses a request.

    Attributes:
        rule: the name of the rule.
        reason: its reason.
        request: the request.
    """

    def __init__(self, rule: str, reason: str, request: Request) -> None:
        super().__init__(f"refused by the policy: {reason}")
        self.rule = rule
        self.reason = reason
        self.request = request


RULES: Registry[type[Rule]] = Registry(
    "yuragi.policies",
    {
        "prompts": "yuragi.tasks.rules:Prompts",
        "consent": "yuragi.tasks.rules:Consent",
        "pictures": "yuragi.tasks.rules:Pictures",
    },
)


@dataclass(frozen=True)
class Policy:
    """Rules, all of which must allow a request; without rules, everything is allowed.

    Attributes:
        rules: names and rules, in the order in which they are checked.
    """

    rules: Sequence[tuple[str, Rule]] = ()

    def check(self, asked: Asked) -> None:
        """Refuse a request that a rule does not allow.

        Raises:
            Forbidden: a rule refuses it.
        """
        for name, rule in self.rules:
            if (reason := rule.refusal(asked)) is not None:
                raise Forbidden(name, reason, asked.request)


def read_policy(path: Path | None) -> Policy:
    """The policy in a file; without a file, one that allows everything.

    Raises:
        InputError: the file cannot be read, or names an unknown rule or option.
    """
    if path is None:
        return Policy()
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError("policy", str(path), f"a readable TOML file ({error})") from error
    return Policy([(name, _rule(path, name, table)) for name, table in tables.items()])


def _rule(path: Path, name: str, table: object) -> Rule:
    if name not in RULES or not isinstance(table, Mapping):
        allowed = "tables named " + ", ".join(RULES)
        raise InputError("policy", f"{path}: {name}", allowed)
    try:
        return RULES[name](**table)
    except InputError as error:
        raise InputError("policy", f"{path}: [{name}]", "", str(error)) from error
