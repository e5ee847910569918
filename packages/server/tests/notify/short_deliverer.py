"""A deliverer with short leases: ``python -m packages.server.tests.notify.short_deliverer DATA``."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from steelyard_server.database.connection import existing_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.encryption.key_file import secret_key_file
from steelyard_server.endpoints.addresses import OwnPlaces
from steelyard_server.http.logs import JsonLog
from steelyard_server.notify.deliverer import Deliverer, Timing
from steelyard_server.notify.mail_server import MailServers


def main(data: str) -> None:
    folder = open_data_folder(Path(data), create=False)
    file = secret_key_file(folder, {})
    with existing_database(folder, {}).pool(3) as pool:
        Deliverer(
            pool, file, MailServers(pool, file), OwnPlaces, base_url="https://evals.example", log=JsonLog(),
            timing=Timing(poll_seconds=0.1, lease_seconds=1.0, look_seconds=60.0),
        ).run(threading.Event())  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1])
