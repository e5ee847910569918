"""Alive and ready, also while the database is gone."""

from __future__ import annotations

import json
import os
import signal
import time

from tests.server.site import Site, data_folder, serving


def test_alive_and_ready(site: Site) -> None:
    assert json.loads(site.client().get("/healthz").text) == {"status": "alive"}
    found = json.loads(site.client().get("/readyz").text)
    assert found == {"status": "ready", "problems": [], "append_only": "two roles"}


def test_without_its_database_it_is_alive_and_not_ready_and_pages_say_so() -> None:
    with data_folder() as data, serving(data) as site:
        client = site.administrator()
        pid = int((data / "postgres" / "cluster" / "postmaster.pid").read_text().split("\n")[0])
        os.kill(pid, signal.SIGQUIT)
        for _ in range(100):
            reply = site.client().get("/readyz")
            if reply.status == 503:
                break
            time.sleep(0.1)
        assert json.loads(reply.text)["status"] == "not ready"
        assert site.client().get("/healthz").status == 200
        page = client.get("/p/default/runs")
        assert page.status == 503
        assert "the database does not answer" in page.text
        assert "Traceback" not in "".join(site.lines)
