"""Processes that know an endpoint's key end with the server that started them, and have limits."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from testkit.fixtures import ROOT

_TRIES = """
import sys
from datetime import UTC, datetime
from steelyard_server.endpoints.addresses import OwnPlaces
from steelyard_server.endpoints.rows import Endpoint
from steelyard_server.endpoints.trying import try_endpoint
now = datetime.now(UTC)
try_endpoint(Endpoint(id=1, name="e", kind="openai", scheme="http", host="127.0.0.1", port=int(sys.argv[1]), path="/v1",
    models=("m",), concurrency=4, price_in=None, price_out=None, made_at=now, retired_at=None, key_set_at=None),
    "m", "sk-a-key", OwnPlaces())
"""
_PLANS = """
import sys
from steelyard_server.jobs.dry_run import dry_run
from steelyard_server.jobs.messages import Setup
from steelyard_server.jobs.specification import RunSpecification, encode
from packages.server.tests.jobs.yard import questions
uri = f"openai:m@http://127.0.0.1:{sys.argv[1]}/v1"
setup = Setup(uri=uri, host="127.0.0.1", port=int(sys.argv[1]), key="sk-a-key", calls=2, data="/", project="default",
    project_id=1, job=0, attempt=0, lease_seconds=10.0)
asked = RunSpecification(endpoint="e", model="m", questions={"sums": questions(3)})
dry_run(encode(asked).decode(), setup, project=1, person=1)
"""


@pytest.mark.parametrize("code", [_TRIES, _PLANS], ids=["a trial", "a dry run"])
def test_what_was_started_ends_with_a_server_that_is_killed(code: str) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        port = silent.getsockname()[1]
        server = subprocess.Popen([sys.executable, "-c", code, str(port)], env=environment)
        try:
            asking, _ = silent.accept()
            with asking:
                (started,) = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
                limits = Path(f"/proc/{started}/limits").read_text()
                server.send_signal(signal.SIGKILL)
                asking.settimeout(60)
                while asking.recv(65_536):  # until the kernel has ended who asked
                    pass
        finally:
            server.kill()
            server.wait()
    named = {line[:26].strip(): line[26:47].strip() for line in limits.splitlines()}
    assert "unlimited" not in {named[name] for name in ("Max cpu time", "Max data size", "Max file size")}
