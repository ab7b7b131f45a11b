"""Traces of OpenTelemetry: a span for the submission of a job, and one for each run.

The id of a job has as many bits as the id of a trace, and is used as one. So all spans of a job
share a trace without anything being stored, and the id of the job is enough to find it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from yuragi.errors import missing_extra

if TYPE_CHECKING:
    from opentelemetry.context import Context

__all__ = ["configure_traces", "span", "submitted"]

TRACER = "yuragi.service"


def configure_traces(service: str) -> Callable[[], None]:
    """Send spans where the environment says (``OTEL_EXPORTER_OTLP_ENDPOINT`` and others).

    Args:
        service: the name of the process in traces.

    Returns:
        A function that sends the remaining spans, for processes that end without a clean shutdown.

    Raises:
        MissingExtraError: the optional dependencies ``telemetry`` are not installed.
    """
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise missing_extra("sending traces", "telemetry") from error
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider.shutdown


@contextmanager
def span(job: str, name: str, attributes: Mapping[str, str | int | float]) -> Iterator[None]:
    """A span around work for a job; an exception ends it as an error.

    Args:
        job: the id of the job.
        name: the name of the work.
        attributes: the attributes of the span; the id of the job is added.
    """
    try:
        from opentelemetry import trace
    except ModuleNotFoundError:
        yield
        return
    told = {"yuragi.job": job, **attributes}
    tracer = trace.get_tracer(TRACER)
    with tracer.start_as_current_span(name, context=_of(job), attributes=told):
        yield


def submitted(job: str, since_ns: int, attributes: Mapping[str, str | int | float]) -> None:
    """Record the span of a submission, which has a job only at its end.

    Args:
        job: the id of the job.
        since_ns: the time at which the submission began, in nanoseconds since 1970.
        attributes: the attributes of the span.
    """
    try:
        from opentelemetry import trace
    except ModuleNotFoundError:
        return
    told = {"yuragi.job": job, **attributes}
    made = trace.get_tracer(TRACER).start_span(
        "submit", context=_of(job), attributes=told, start_time=since_ns
    )
    made.end()


def _of(job: str) -> Context:
    """The context of a job's trace."""
    from opentelemetry import trace

    parent = trace.SpanContext(
        trace_id=int(job, 16),
        span_id=int(job[:16], 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(parent))
