"""schemathesis against the platform's HTTP API, as each kind of caller, on a real server with data.

``python -m bench.server.schemathesis --program st`` starts a server of its own with a run, jobs, a schedule, budgets,
has schemathesis (4 or newer, installed apart from this project: ``pip install schemathesis``) make up requests from the
server's own OpenAPI document, single ones and walks along its links, and prints a line for each caller. Exit code 1
where it found an answer that is an error of the server, or that the document does not have; its report says which.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from packages.server.tests.api.callers import askers
from packages.server.tests.jobs.yard import questions
from packages.server.tests.pages.working import with_endpoint
from packages.server.tests.site import GOLDEN, Site, data_folder, pushed, serving
from steelyard_server.archive import packed
from testkit.fixtures import SumsServer

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance"
)
PHASES = "examples,coverage,fuzzing,stateful"
JSON = {"Content-Type": "application/json"}
# What schemathesis loads: an archive is a run of ours, whole or cut off where the value that was made up says.
HOOKS = """
import os
import schemathesis

with open(os.environ["STEELYARD_ARCHIVE"], "rb") as file:
    ARCHIVE = file.read()


@schemathesis.serializer("application/x-tar")
def as_archive(ctx, value):
    words = repr(value).encode()
    return ARCHIVE if len(words) % 2 else ARCHIVE[: len(words) * 97 % len(ARCHIVE)]
"""


def main() -> int:
    """Print a line for each caller, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default="st", help="schemathesis' command")
    parser.add_argument("--examples", type=int, default=25, help="of each operation and phase, as each caller")
    parser.add_argument("--only", default="", help="the callers whose name has one of these, with commas between them")
    parser.add_argument("--checks", default=CHECKS, help="of schemathesis, or all")
    parser.add_argument("--phases", default=PHASES, help="of schemathesis")
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--report", type=Path, help="a folder for schemathesis' own words")
    asked = parser.parse_args()
    began, total, failed = time.monotonic(), 0, []
    with (
        data_folder() as data, serving(data) as site, tempfile.TemporaryDirectory() as work, SumsServer() as server,
    ):  # fmt: skip
        fill(site, server.url)
        (Path(work) / "steelyard_hooks.py").write_text(HOOKS)
        (Path(work) / "archive.tar").write_bytes(b"".join(packed(GOLDEN)))
        folder = asked.report or Path(work)
        folder.mkdir(parents=True, exist_ok=True)
        for who in askers(site):
            if not any(part in who.name for part in asked.only.split(",")):
                continue
            token = who.client.headers.get("Authorization", "")
            code, cases = run(site, asked, token, folder / f"{who.name}.txt", Path(work))
            total += cases
            failed += [who.name] if code else []
            print(f"{who.name:<40} {cases:>7,} cases, exit code {code}", flush=True)
        errors = [line for line in site.lines if '"status": 500' in line or "internal error" in line]
    print(f"{total:,} cases in {time.monotonic() - began:,.0f} s; {len(errors)} internal errors in the server's log")
    if failed:
        print(f"something was found as: {', '.join(failed)}")
    return 1 if failed or errors else 0


def fill(site: Site, endpoint: str) -> None:
    """Something of everything that the API gives."""
    pushed(site)
    with_endpoint(site, endpoint, "listed", price="2")
    asks = {"kind": "run", "endpoint": "listed", "model": "sums", "questions": {"sums": questions(3)}}
    runner, setter = site.with_token("run"), site.with_token("budget")
    for path, document in (
        ("/api/v1/jobs", {"asks": asks}),
        ("/api/v1/schedules", {"name": "daily", "cron": "0 6 * * *", "asks": asks}),
        ("/api/v1/dry-runs", {"asks": asks}),
    ):
        reply = runner.ask("POST", path, json.dumps(document), JSON)
        assert reply.status < 300, reply.text
    assert setter.ask("POST", "/api/v1/budgets", b'{"cost": 5}', JSON).status == 200


def run(site: Site, asked: argparse.Namespace, token: str, report: Path, work: Path) -> tuple[int, int]:
    """Its exit code, and how many cases it made up."""
    command = [
        asked.program, "--no-color", "run", f"{site.base}/api/v1/openapi.json", "--checks", asked.checks,
        "--phases", asked.phases,
        "--max-examples", str(asked.examples), "--seed", str(asked.seed), "--continue-on-failure",
        "--request-timeout", "60", *(["--header", f"Authorization: {token}"] if token else []),
    ]  # fmt: skip
    hooks = {"SCHEMATHESIS_HOOKS": "steelyard_hooks", "STEELYARD_ARCHIVE": str(work / "archive.tar")}
    with report.open("w") as out:
        code = subprocess.run(
            command, stdout=out, stderr=subprocess.STDOUT, check=False, cwd=work,
            env=os.environ | hooks | {"PYTHONPATH": str(work)},
        ).returncode  # fmt: skip
    found = re.findall(r"([\d,]+) generated", report.read_text(errors="replace"))
    return code, int(found[-1].replace(",", "")) if found else 0


if __name__ == "__main__":
    sys.exit(main())
