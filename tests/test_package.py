"""The package as a whole: exported names, types, quick import, true documentation."""

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import yuragi

ROOT = Path(__file__).parents[1]
MODULES = [m.name for m in pkgutil.walk_packages(yuragi.__path__, "yuragi.")]


def test_public_names():
    assert yuragi.__all__ == [
        "Guidance",
        "InputError",
        "LoRA",
        "MissingExtraError",
        "Model",
        "NotFiniteError",
        "OutOfMemoryError",
        "Result",
        "YuragiError",
        "YuragiWarning",
        "__version__",
        "load",
        "replay",
    ]
    for name in yuragi.__all__:
        assert getattr(yuragi, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'magic'"):
        yuragi.magic  # noqa: B018


@pytest.mark.parametrize("name", MODULES)
def test_every_exported_name_exists_and_every_module_says_what_it_is(name):
    module = importlib.import_module(name)
    assert module.__doc__
    exported = getattr(module, "__all__", [])
    assert len(set(exported)) == len(exported)
    for item in exported:
        assert hasattr(module, item), f"{name}.{item}"


def test_one_root_of_errors():
    assert issubclass(yuragi.InputError, yuragi.YuragiError)
    assert issubclass(yuragi.InputError, ValueError)
    assert issubclass(yuragi.MissingExtraError, ImportError)


def test_importing_is_light():
    code = "import sys, yuragi; print(any(m in sys.modules for m in ('torch', 'diffusers')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_modules_are_there_after_a_plain_import():
    """In a process of its own: here they have long been imported."""
    code = (
        "import yuragi\n"
        "print(yuragi.solver.make_solver('ddim').order, yuragi.guidance.plain.cost.evaluations)\n"
        "for name in yuragi._MODULES: assert getattr(yuragi, name).__name__ == f'yuragi.{name}'\n"
        "assert {*yuragi.__all__, *yuragi._MODULES} == set(dir(yuragi))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "2"]


def test_types_are_shipped():
    assert (Path(yuragi.__file__).parent / "py.typed").exists()


def test_there_is_one_sampling_loop():
    callers = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "src").rglob("*.py")
        if re.search(r"solver\.step\(", path.read_text("utf-8"))
    ]
    # The loop; solvers that hand a step on to the solver inside them (Follow, Resampled); and the
    # laboratory, which sends laws through a step, not states.
    assert sorted(callers) == [
        "src/yuragi/diffusers/scheduler.py",  # the loop around it is diffusers'
        "src/yuragi/edit/resample.py",
        "src/yuragi/invert.py",
        "src/yuragi/research/lab/kl.py",
        "src/yuragi/sample.py",
    ]


def test_links_in_the_documentation_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
