"""A process that carries out runs of the database until they are sealed: it takes a lease, resumes, and takes the next.

``python -m packages.server.tests.store.worker '{"parameters": …, "runs": …, …}'`` prints a line for each lease.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from steelyard.auditing.conductor import resume_audit
from steelyard.auditing.session import SessionOptions
from steelyard.errors import InputError, StorageError
from steelyard.models import Settings, open_model
from steelyard.tasks.catalogue import Catalogue
from steelyard_server.store.folders import open_run
from steelyard_server.store.leases import Lease, leave_when_woken_late, take

WAIT_SECONDS = 0.05


async def carry_out(lease: Lease, place: Path, given: dict[str, Any]) -> None:
    model = open_model(given["model"], Settings(concurrency=given["concurrency"]))
    try:
        with open_run(lambda: connected(given), lease, place, batch_records=given["batch_records"]) as store:
            options = SessionOptions(store=store)
            catalogue = Catalogue([Path(given["questions"])])
            await resume_audit(place, {"subject": model}, None, catalogue, options=options)
    finally:
        await model.close()


def connected(given: dict[str, Any]) -> psycopg.Connection[Any]:
    return psycopg.connect(**given["parameters"], autocommit=True)


def work(given: dict[str, Any]) -> None:
    place = Path(given["place"])
    while True:
        try:
            with connected(given) as connection:
                lease = take(connection, given["run"], f"worker {place.name}", given["seconds"])
        except psycopg.OperationalError:  # it restarts
            lease = None
        except InputError:  # another worker has sealed it
            return
        if lease is None:
            time.sleep(WAIT_SECONDS)
            continue
        leave_when_woken_late(lease)
        print(f"lease {lease.number}", flush=True)
        try:
            asyncio.run(carry_out(lease, place / str(lease.number), given))
        except (StorageError, psycopg.OperationalError) as error:
            print(f"lease {lease.number}: {error}", flush=True)
        else:
            print(f"lease {lease.number}: sealed", flush=True)
            return


if __name__ == "__main__":
    work(json.loads(sys.argv[1]))
