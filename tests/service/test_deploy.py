"""The dashboard and the alerts name metrics that exist."""

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from submitting import running, submit
from yuragi.service.metrics import Metrics
from yuragi.service.tally import Tally

DEPLOY = Path(__file__).parents[2] / "deploy"
NAME = re.compile(r"\b(?:yuragi|process)_[a-z_]+\b")
LABELS = re.compile(r"by \(([^)]*)\)|\{([^}]*)\}")


@pytest.fixture
def known(parts):
    """The labels of every sample of a service whose jobs measured everything, by name."""
    report = {
        "request": {"model": "tiny@1"},
        "evaluations": 4,
        "memory_bytes": 1,
        "familiarity": 1.2,
        "stress": [1.0],
        "intent": [{"score": 0.5, "background": 0.9}],
    }
    job = submit(parts)
    running(parts, job).finish({"pictures": [], "report": report})
    running(parts, submit(parts, seed=1), workflow="w1").fail("x")
    submit(parts, seed=2)
    tally = Tally(parts.database)
    tally.count(404)
    text = Metrics(parts.database, tally, parts.watch).text().decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def dashboard():
    panels = json.loads((DEPLOY / "grafana" / "yuragi.json").read_text())["panels"]
    return {f"panel {each['title']}": [x["expr"] for x in each["targets"]] for each in panels}


def alerts():
    (group,) = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    return {f"alert {each['alert']}": [each["expr"]] for each in group["rules"]}


@pytest.mark.parametrize("place", [dashboard, alerts])
def test_every_metric_and_label_exists(known, place):
    for title, queries in place().items():
        for query in queries:
            names = NAME.findall(query)
            assert names or "up{" in query, title
            for name in names:
                assert name in known, f"{title} names {name}"
            for by, given in LABELS.findall(query):
                labels = [each.strip() for each in by.split(",")] if by else []
                labels += re.findall(r"(\w+)\s*!?=", given)
                for label in labels:
                    assert not names or any(label in known[name] for name in names), title


def test_every_metric_is_on_the_dashboard(known):
    shown = {
        name for queries in dashboard().values() for each in queries for name in NAME.findall(each)
    }
    missing = {name for name in known if name.startswith("yuragi") and not _covered(name, shown)}
    assert not missing


def _covered(name, shown):
    """A histogram is shown by its buckets."""
    stem = re.sub(r"_(bucket|sum|count)$", "", name)
    return name in shown or f"{stem}_bucket" in shown


def test_panels_have_their_own_places():
    panels = json.loads((DEPLOY / "grafana" / "yuragi.json").read_text())["panels"]
    assert len({(each["gridPos"]["x"], each["gridPos"]["y"]) for each in panels}) == len(panels)
    assert len({each["id"] for each in panels}) == len(panels)
