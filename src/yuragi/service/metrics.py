"""Metrics for Prometheus, computed from the database on request."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from yuragi.service import tables
from yuragi.service.database import Database
from yuragi.service.figures import SCORES
from yuragi.service.fold import Distribution, Fold, Labels
from yuragi.service.slots import Watch, alive
from yuragi.service.states import ENDED, STORED, State
from yuragi.service.tally import Tally
from yuragi.service.wire import Quality

__all__ = ["Metrics"]

JOBS = tables.jobs
HOW = ("task", "solver", "rule", "gain")


class Metrics(Collector):
    """The metrics of a service.

    Args:
        database: the database.
        tally: the counts of refusals.
        watch: finds workers that give no signs of life.
    """

    def __init__(self, database: Database, tally: Tally, watch: Watch) -> None:
        self.database = database
        self.tally = tally
        self.watch = watch
        self._lock = threading.Lock()
        self.fold = Fold(database)
        self.registry = CollectorRegistry()
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def text(self) -> bytes:
        """All metrics in the format of Prometheus."""
        with self._lock:
            self.fold.update()
            return generate_latest(self.registry)

    def quality(self) -> list[Quality]:
        """The state of the alarms, by model and score."""
        with self._lock:
            self.fold.update()
            windows = self.fold.windows.items()
            found = [(model, score, each.drift) for (score, model), each in windows]
        return [
            Quality(
                model=model,
                score=score,
                alarm=drift.alarm,
                probability=drift.probability,
                recent=drift.recent,
                reference=drift.reference,
                said=drift.said,
            )
            for model, score, drift in sorted(found, key=lambda each: each[:2])
        ]

    def collect(self) -> Iterator[Metric]:
        """The metrics that Prometheus reads."""
        yield from self._queue()
        yield from self._jobs()
        yield from self._scores()
        refused = CounterMetricFamily(
            "yuragi_refusals", "Requests that were refused or failed.", labels=["status"]
        )
        for status, count in self.tally.totals().items():
            refused.add_metric([status], count)
        yield refused

    def _queue(self) -> Iterator[Metric]:
        depth = GaugeMetricFamily(
            "yuragi_queue_depth", "Jobs that have not ended.", labels=["state"]
        )
        with self.database.reading() as connection:
            unfinished = sa.select(JOBS.c.state, sa.func.count(), sa.func.min(JOBS.c.created))
            unfinished = unfinished.where(JOBS.c.state.not_in(list(ENDED))).group_by(JOBS.c.state)
            found = {row[0]: (row[1], row[2]) for row in connection.execute(unfinished)}
            paused = connection.execute(sa.select(tables.queue.c.paused)).scalar_one()
        for state in (each for each in STORED if each not in ENDED):
            depth.add_metric([state], found.get(state, (0, 0.0))[0])
        yield depth
        _, since = found.get(State.QUEUED, (0, None))
        oldest = 0.0 if since is None else max(0.0, time.time() - since)
        yield _gauge("yuragi_queue_oldest_seconds", "Age of the oldest waiting job.", oldest)
        yield _gauge("yuragi_queue_paused", "1 if no further job is started.", float(paused))
        living = len(alive(self.database, self.watch))
        yield _gauge("yuragi_workers", "Slots of workers that give signs of life.", living)

    def _jobs(self) -> Iterator[Metric]:
        fold = self.fold
        counted: Sequence[tuple[str, str, Sequence[str], Mapping[Labels, float]]] = (
            ("yuragi_jobs_queued", "Times that jobs were queued.", ("task",), fold.queued),
            ("yuragi_jobs_ended", "Jobs that ended.", ("task", "state"), fold.ended),
            ("yuragi_jobs_failed", "Jobs that failed.", ("task", "failure"), fold.failures),
            ("yuragi_evaluations", "Evaluations of networks, in samples.", HOW, fold.evaluations),
        )
        for name, words, labels, values in counted:
            counter = CounterMetricFamily(name, words, labels=labels)
            for key, value in values.items():
                counter.add_metric(key, value)
            yield counter
        yield _histogram(
            "yuragi_job_wait_seconds", "From submission to the first start.", ("task",), fold.waits
        )
        yield _histogram(
            "yuragi_job_run_seconds", "From the first start to the end.", HOW, fold.runs
        )
        yield _histogram(
            "yuragi_job_memory_bytes",
            "The most memory of the worker up to the end of the job, of its device if it has any.",
            ("task",),
            fold.memory,
        )

    def _scores(self) -> Iterator[Metric]:
        for score in SCORES:
            held: dict[Labels, Distribution] = {
                (model,): each for (of, model), each in self.fold.scores.items() if of == score
            }
            yield _histogram(f"yuragi_{score}", SAID[score], ("model",), held)
        alarm = GaugeMetricFamily(
            "yuragi_drift_alarm", "1 if a score drifted.", labels=["model", "score"]
        )
        probability = GaugeMetricFamily(
            "yuragi_drift_probability",
            "Probability of such values, or worse ones, if nothing has changed.",
            labels=["model", "score"],
        )
        for (score, model), window in self.fold.windows.items():
            drift = window.drift
            alarm.add_metric([model, score], float(drift.alarm))
            probability.add_metric([model, score], drift.probability)
        yield alarm
        yield probability


SAID: Mapping[str, str] = {
    "familiarity": "How well the model knows the picture; 1 or more is known.",
    "intent": "How well the best candidate of a drag carries out what was asked, 0 to 1.",
    "background_error": "Mean difference from the picture where a drag should change nothing.",
    "stress": "Over-guidance of the worst picture in nats.",
}


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)


def _histogram(
    name: str, words: str, labels: Sequence[str], held: Mapping[Labels, Distribution]
) -> Metric:
    made = HistogramMetricFamily(name, words, labels=labels)
    for key, each in held.items():
        made.add_metric(key, each.buckets, each.total)
    return made
