from __future__ import annotations

from packages.server.tests.site import Site
from steelyard_server.metrics import Metrics


def test_what_is_counted_is_in_prometheus_text() -> None:
    one, other = Metrics(), Metrics()
    one.count("GET", "/runs", 200, 0.02)
    one.count_push("accepted")
    one.count_sign_in("limited")
    one.measure_disk(lambda: 7.0)
    text = one.text().decode()
    assert 'steelyard_requests_total{method="GET",route="/runs",status="200"} 1.0' in text
    assert 'steelyard_pushes_total{outcome="accepted"} 1.0' in text
    assert 'steelyard_sign_ins_total{outcome="limited"} 1.0' in text
    assert "steelyard_disk_free_bytes 7.0" in text
    assert 'route="/runs"' not in other.text().decode()


def test_paths_that_nobody_declared_make_no_new_series(site: Site) -> None:
    for number in range(20):
        site.client().get(f"/made-up-{number}")
    text = site.with_token("metrics").get("/metrics").text
    assert "made-up" not in text
    assert 'route="-"' in text
