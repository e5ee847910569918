"""What each page of the platform costs by itself, in what a busy machine does not change.

That is round trips to the database, rows read there, and processor time.

``python -m bench.server.page_costs --data FOLDER [--requests N] [--only TEXT]`` asks each page N times, one after the
other, of a platform that ``bench.server.load --data FOLDER`` has filled.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from pathlib import Path

from bench.platform import used, used_below
from bench.server.filled import Sizes
from bench.server.load import PAGES, SlowStatements, Stock, addresses, prepare
from packages.server.tests.site import Client, Site, serving
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.database.passwords import DATABASE, SUPERUSER, parameters, read_passwords

FLUSHED_SECONDS = 10.5  # until an idle connection of PostgreSQL has said what it read


def rows_read(data: DataFolder) -> int:
    """Rows of tables that were read since the start, by scans and by indexes."""
    import psycopg

    password = read_passwords(data).superuser
    with psycopg.connect(**parameters(data, SUPERUSER, password, DATABASE)) as connection:
        row = connection.execute(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables WHERE schemaname = "
            "'steelyard'"
        ).fetchone()
    return int(row[0]) if row else 0


def measure(site: Site, client: Client, pattern: str, stock: Stock, requests: int) -> None:
    """Print a line for one page."""
    data, drawn = open_data_folder(site.data, create=False), random.Random(18)
    asked = [addresses(pattern, stock, drawn) for _ in range(requests)]
    client.get(asked[0])
    rows, before, took, size, log = rows_read(data), _used(site), [], 0, SlowStatements.logged(data, 0)
    for each in asked:
        begun = time.perf_counter()
        size = max(size, len(client.get(each).body))
        took.append(1000 * (time.perf_counter() - begun))
    web, base = (1000 * (late - early) / requests for late, early in zip(_used(site), before, strict=True))
    trips = log.round_trips() / requests
    time.sleep(FLUSHED_SECONDS)
    print(
        f"{pattern}: {trips:.0f} round trips, web {web:.1f} ms, PostgreSQL {base:.1f} ms of a processor, "
        f"{(rows_read(data) - rows) / requests:.0f} rows read; median {statistics.median(took):.0f} ms, "
        f"{size / 1000:.0f} kB, n = {requests}",
        flush=True,
    )


def _used(site: Site) -> tuple[float, float]:
    return used(site.process.pid), used_below(site.process.pid)


def main() -> None:
    """Print a line for each page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--only", default="", help="pages whose path has this text")
    args = parser.parse_args()
    with serving(args.data) as site:
        site.is_new = False
        client = site.administrator()
        stock = prepare(site, client, Sizes())
        time.sleep(FLUSHED_SECONDS)
        for pattern in PAGES:
            if args.only in pattern:
                measure(site, client, pattern, stock, args.requests)


if __name__ == "__main__":
    main()
