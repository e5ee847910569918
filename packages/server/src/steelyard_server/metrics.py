"""Counters for Prometheus, in a registry of their own: two servers in one process share none."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Metrics"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """What is counted: requests by route, pushes by what became of them, sign-ins."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

        self._registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "steelyard_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "steelyard_request_seconds", "Time to answer.", ("route",), buckets=_SECONDS, registry=self._registry
        )
        self._pushes = Counter("steelyard_pushes", "Runs that were pushed.", ("outcome",), registry=self._registry)
        self._sign_ins = Counter("steelyard_sign_ins", "Attempts to sign in.", ("outcome",), registry=self._registry)
        self._free = Gauge(
            "steelyard_disk_free_bytes", "Free bytes where the data folder lies.", registry=self._registry
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_push(self, outcome: str) -> None:
        """Count a push: *accepted*, *known*, *refused* or *busy*."""
        self._pushes.labels(outcome).inc()

    def count_sign_in(self, outcome: str) -> None:
        """Count an attempt to sign in: *accepted*, *refused* or *limited*."""
        self._sign_ins.labels(outcome).inc()

    def measure_disk(self, free: Callable[[], float]) -> None:
        """Ask for the free bytes whenever the numbers are read."""
        self._free.set_function(free)

    def text(self) -> bytes:
        """All numbers in Prometheus' text format."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry)
