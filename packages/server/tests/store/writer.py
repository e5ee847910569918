"""A process that writes lines under a lease until it may not.

``python -m packages.server.tests.store.writer '{…}'``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import psycopg

from steelyard.errors import StorageError
from steelyard_server.store.leases import Lease, seconds_now
from steelyard_server.store.store import PostgresStore


async def write(store: PostgresStore) -> None:
    number = 0
    while True:
        await store.room()
        store.text(b'{"sha256":"%064d"}' % number)
        store.line("main", number, b'{"seq":%d}' % number)
        number += 1
        await asyncio.sleep(0.001)


def main(given: dict[str, Any]) -> None:
    lease = Lease(given["run"], given["number"], given["seconds"], seconds_now() + given["seconds"])
    try:
        with PostgresStore(lambda: psycopg.connect(**given["parameters"]), lease, batch_records=10) as store:
            asyncio.run(write(store))
    except StorageError as error:
        print(error)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
