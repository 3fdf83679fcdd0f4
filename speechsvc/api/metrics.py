"""Measurements for Prometheus. Labels hold route templates, statuses, queues, machines and models; never ids."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from speechsvc.ports import System

_BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)


class HttpMetrics:
    """Counters of one web process, and the queues as the database sees them at the moment of asking."""

    def __init__(self, system: System) -> None:
        # a second series for each counter, which nothing here needs
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "speechsvc_http_requests", "HTTP requests", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "speechsvc_http_request_seconds",
            "Time until the answer was sent",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_Queues(system))
        self._registry.register(_Recognition(system))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        known = method if method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH") else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(known, route).observe(seconds)

    def text(self) -> bytes:
        """The text exposition format, version 0.0.4."""
        return generate_latest(self._registry)


class _Recognition(Collector):
    """What workers of all machines recognised, as they noted it in the database."""

    def __init__(self, system: System) -> None:
        self._system = system

    def describe(self) -> Iterator[GaugeMetricFamily]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        labels = ["host", "model", "profile"]
        factor = GaugeMetricFamily(
            "speechsvc_real_time_factor", "Seconds of work for a second of audio, moving average", labels=labels
        )
        audio = CounterMetricFamily("speechsvc_recognised_audio_seconds", "Seconds of audio recognised", labels=labels)
        work = CounterMetricFamily("speechsvc_recognition_seconds", "Seconds spent on recognising them", labels=labels)
        for pace in self._system.paces():
            key = [pace.host, pace.model, pace.profile]
            factor.add_metric(key, pace.factor)
            audio.add_metric(key, pace.audio_s)
            work.add_metric(key, pace.work_s)
        yield from (factor, audio, work)


class _Queues(Collector):
    def __init__(self, system: System) -> None:
        self._system = system

    def describe(self) -> Iterator[GaugeMetricFamily]:
        return iter(())  # known without asking the database at registration

    def collect(self) -> Iterator[GaugeMetricFamily]:
        jobs = GaugeMetricFamily("speechsvc_jobs", "Jobs by queue and state", labels=["queue", "state"])
        oldest = GaugeMetricFamily("speechsvc_oldest_job_seconds", "Age of the oldest due job", labels=["queue"])
        for queue in self._system.queues():
            for state, value in (("ready", queue.ready), ("leased", queue.leased), ("dead", queue.dead)):
                jobs.add_metric([queue.queue, state], value)
            oldest.add_metric([queue.queue], queue.oldest_ready_s)
        yield jobs
        yield oldest
