"""A platform with demo data on this machine, until Ctrl-C: ``python -m tools.demo_platform [--folder FOLDER]``.

Made up are three models (a few lines of arithmetic, ``lab/tools/demo_model.py``), what a vendor that does not exist
says of them, and the people. All else is what the product makes: a worker asks the models, each run is sealed and
verified again, and every act is in the audit log. No row is written past the product, and nothing but loopback is
asked.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.errors import SteelyardError
from tools.demo_model import RATES, invoice, order, questions, serving_models
from tools.demo_watch import add_watch, tend

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from steelyard_server.access.callers import Caller
    from steelyard_server.database.folder import DataFolder
    from steelyard_server.jobs.rows import JobRow

MADE_UP = (
    "Made up here: three models (a few lines of arithmetic), their vendor's claims, the people. The runs are real. "
    "Watch looks seven times, a minute apart, at a model that gets worse after the fourth look: made up, too."
)
NAME, ENDPOINT, PROJECT = "demo", "harbour (made up)", "default"
COUNT = 250  # questions of each kind
SHEET = """model: {model}
vendor: Harbour (made up)
claims:
- {{task: orders, value: {orders}}}
- {{task: invoices, value: {invoices}}}
"""
# What the vendor says: all of it holds for the large one; of the small one "orders" is 18 points too high.
CLAIMS = {"harbour-large": (90, 90), "harbour-small": (90, 72)}
JOB_SECONDS = 300


def main(arguments: list[str]) -> int:
    """Serve it; filled at the first start."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo_platform", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/demo-platform"), help="where all of it lies")
    parser.add_argument("--bind", default="127.0.0.1:8420", help="where the platform listens, on loopback")
    parser.add_argument("--models-port", type=int, default=8421, help="where the two models listen, on loopback")
    given = parser.parse_args(arguments)
    folder: Path = given.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            try:
                models = stack.enter_context(serving_models(given.models_port))
            except OSError as error:
                parser.error(f"the models cannot listen on port {given.models_port}: {error.strerror}; --models-port")
            base = stack.enter_context(running(folder, "serve", "--bind", given.bind))
            stack.enter_context(running(folder, "worker", "--concurrency", "2"))
            print(f"{base} serves; it is being filled, which takes about a minute", flush=True)
            password = fill(folder, base, models)
            print(f"{MADE_UP}\nsign in at {base} as {NAME}, password {password}; Ctrl-C stops", flush=True)
            stack.enter_context(watching(folder, password))
            threading.Event().wait()
    except SteelyardError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        print("stopped", flush=True)
    return 0


@contextmanager
def running(folder: Path, *command: str) -> Iterator[str]:
    """``steelyard serve`` or ``worker`` with its log in a file; the address of the former. It is stopped at the end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    line = [sys.executable, "-m", "steelyard", command[0], "--data", str(folder / "data"), *command[1:]]
    log = folder / f"{command[0]}.log"
    with log.open("w") as written, subprocess.Popen(line, stderr=written, env=kept) as process:
        try:
            yield _address(process, log) if command[0] == "serve" else ""
        finally:
            process.terminate()
            process.wait(60)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    while process.poll() is None:
        if found := re.search(r"^serving (\S+)", log.read_text(), re.MULTILINE):
            return found[1]
        time.sleep(0.1)
    sys.exit(log.read_text().strip().rpartition("\n")[2])


def fill(folder: Path, base: str, models: str) -> str:
    """Fill a platform that nobody has entered yet, as its first administrator; that one's password."""
    from steelyard_server.database.connection import existing_database
    from steelyard_server.database.folder import open_data_folder

    kept = folder / "password"
    if kept.is_file():
        return kept.read_text().strip()
    data = open_data_folder(folder / "data", create=False)
    password = secrets.token_urlsafe(12)
    with existing_database(data, {}).pool() as pool:
        demo = _first_administrator(pool, folder, password)
        _people_and_endpoint(pool, data, demo, models)
        asked = _jobs(pool, demo)
        _push_a_suite(pool, demo, folder, base, models)
        _wait(pool, asked)
    with open(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password)
    return password


@contextmanager
def watching(folder: Path, password: str) -> Iterator[None]:
    """The looks at the model that gets worse, also where the demo was stopped among them."""
    from steelyard_server.access.people import People
    from steelyard_server.database.connection import existing_database
    from steelyard_server.database.folder import open_data_folder

    ends = threading.Event()
    with existing_database(open_data_folder(folder / "data", create=False), {}).pool() as pool:
        people = People(pool)
        session = people.sign_in(NAME, password, _facts(), "tools.demo_platform")
        if session is None:  # whoever tries the demo chose another password
            yield
            return
        demo = people.by_session(session)
        tending = threading.Thread(target=tend, args=(pool, demo, PROJECT, _facts(), ends), daemon=True)
        tending.start()
        try:
            yield
        finally:
            ends.set()
            tending.join()


def _facts() -> Any:
    from steelyard_server.http.facts import RequestFacts

    return RequestFacts("demo-data", "127.0.0.1")


def _first_administrator(pool: ConnectionPool, folder: Path, password: str) -> Caller:
    """By the one-time link that the server printed."""
    from steelyard_server.access.people import People

    found = re.search(r"/welcome\?code=(\S+)", (folder / "serve.log").read_text())
    if found is None:
        sys.exit(f"{folder}: somebody has an account there already: give another --folder")
    people = People(pool)
    return people.by_session(people.welcome(found[1], NAME, password, _facts(), "tools.demo_platform"))


def _people_and_endpoint(pool: ConnectionPool, data: DataFolder, demo: Caller, models: str) -> None:
    from steelyard_server.access.members import Members
    from steelyard_server.encryption.key_file import secret_key_file
    from steelyard_server.endpoints.form import read_endpoint, read_terms
    from steelyard_server.endpoints.rows import Endpoints
    from steelyard_server.jobs import acts

    for name, role in (("grace", "editor"), ("linus", "runner"), ("mary", "viewer")):
        Members(pool).add_person(demo, name, PROJECT, role, _facts())
    new = read_endpoint(ENDPOINT, "openai", models, read_terms("\n".join(RATES), "4", "0.4", "1.2"))
    Endpoints(pool, secret_key_file(data)).add(new, demo, _facts())
    with pool.connection() as connection:
        acts.change_budget(connection, demo, PROJECT, ENDPOINT, _facts(), tokens=5_000_000)


def _jobs(pool: ConnectionPool, demo: Caller) -> list[int]:
    """Two claim sheets to be audited, and models to be looked at again and again; the numbers of the audits."""
    from steelyard_server.jobs import acts, schedule_acts

    own = {"orders": questions(order, COUNT), "invoices": questions(invoice, COUNT)}
    numbers = []
    for model, (orders, invoices) in CLAIMS.items():
        sheet = SHEET.format(model=model, orders=orders, invoices=invoices)
        asked = acts.audit_asked(sheet, ENDPOINT, model, {"questions": own, "tolerance": "4", "concurrency": 2})
        with pool.connection() as connection:
            numbers.append(acts.add_job(connection, demo, PROJECT, asked, _facts()))
    look = acts.run_asked("", ENDPOINT, "harbour-small", {"questions": {"orders": questions(order, 40)}})
    with pool.connection() as connection:
        schedule_acts.add_schedule(
            connection, demo, PROJECT, "harbour-small, orders", "*/5 * * * *", "UTC", look, _facts()
        )
    add_watch(pool, demo, PROJECT, ENDPOINT, _facts())
    return numbers


def _push_a_suite(pool: ConnectionPool, demo: Caller, folder: Path, base: str, models: str) -> None:
    """A private suite, and runs of it on both models, made on the command line, and pushed with tokens."""
    from steelyard_server.access.tokens import Tokens

    suite = folder / "house-questions"
    suite.mkdir(exist_ok=True)
    (suite / "suite.yaml").write_text(f"suite: house-questions\nendpoints: [{models}, {base}]\n")
    rows = [f'{{"id": "q{n}", {row[1:]}\n' for n, row in enumerate(questions(order, 60).splitlines())]
    (suite / "samples.jsonl").write_text("".join(rows))
    token = Tokens(pool).make(demo, "demo data", "push", PROJECT, 7, _facts())
    private = {"STEELYARD_TOKEN": token, "XDG_STATE_HOME": str(folder / "state")}
    for model in CLAIMS:
        run = folder / "runs" / model
        steelyard("run", suite, "--model", f"openai:{model}@{models}", "--out", run, **private)
        steelyard("remote", "push", run, "--to", base, "--suite", suite, **private)
    private["STEELYARD_TOKEN"] = Tokens(pool).make(demo, "demo suite", "suite", PROJECT, 7, _facts())
    steelyard("remote", "push-suite", suite, "--to", base, **private)


def steelyard(*arguments: object, **environment: str) -> None:
    """A command of ours, which must end well."""
    line = [sys.executable, "-m", "steelyard", *map(str, arguments)]
    done = subprocess.run(line, env=os.environ | environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"steelyard {arguments[0]}: exit code {done.returncode}\n{done.stdout}{done.stderr}")


def _wait(pool: ConnectionPool, numbers: list[int]) -> None:
    """Until these jobs have ended."""
    from steelyard_server.jobs.rows import find_job

    def now(number: int) -> JobRow | None:
        with pool.connection() as connection:
            return find_job(connection, PROJECT, number)

    until = time.monotonic() + JOB_SECONDS
    for number in numbers:
        while (found := now(number)) is not None and found.state != "finished":
            if found.state in ("failed", "cancelled") or time.monotonic() > until:
                sys.exit(f"job {number} is {found.state}: {found.reason or 'it takes too long'}")
            time.sleep(0.3)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
