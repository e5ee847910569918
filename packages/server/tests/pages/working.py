"""A platform with an endpoint that adds and a worker: what the pages of claims, jobs and budgets are tried on."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from packages.server.tests.site import Client, Site, environment
from testkit.repository import ROOT


def with_endpoint(site: Site, url: str, name: str = "sums", price: str = "") -> str:
    """List an endpoint with one model; the value by which the form of claims chooses it."""
    made = site.administrator().submit(
        "/admin/endpoints", "/admin/endpoints", name=name, kind="openai", address=url, models="sums", concurrency="2",
        price_in=price, price_out=price,
    )  # fmt: skip
    assert made.status == 303, made.text
    return f"{made.headers['location'].rpartition('/')[2]}/sums"


@contextmanager
def working(site: Site, lease: float = 3) -> Iterator[None]:
    """A worker with short leases, of so many seconds, until the end of the block."""
    command = [sys.executable, "-m", "packages.server.tests.jobs.short_worker", str(site.data), "pages", f"{lease:g}"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=ROOT, env=environment()) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


def job_at(client: Client, page: str, words: str) -> bool:
    """Whether the page of a job says so."""
    return re.search(words, client.get(page).text) is not None
