"""The table of docs/models.md: families x tasks x guidance, from what the tests run.

Print it with ``python tests/models/families/table.py``.
"""

from tiny_pipelines import BUILDERS

TASKS = {
    "sample": ("any solver",),
    "inpaint": ("ode", "sde", "adaptive"),
    "sdedit": ("ode", "sde", "adaptive"),
    "translate": ("ode", "sde", "adaptive"),
    "diffedit": ("ode", "sde"),
    "drag": ("ode", "sde"),
    "invert": ("sde",),
}
"""Samplers with which `test_families` runs each task."""
GAINS = ("reg", "reg_forward", "ratio")
WORDLESS = ("pixels",)
"""Nothing can be said to them: no translation, and guidance has nothing to push away from."""


def row(family):
    cells = []
    for task, samplers in TASKS.items():
        silent = family in WORDLESS and task in ("translate", "diffedit")
        cells.append("-" if silent else ", ".join(samplers))
    cells.append("-" if family in WORDLESS else ", ".join(GAINS))
    return "| " + " | ".join([family, *cells]) + " |"


def table():
    head = ["family", *TASKS, "gains"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *map(row, BUILDERS)])


if __name__ == "__main__":
    print(table())
