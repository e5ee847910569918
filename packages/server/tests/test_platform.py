from __future__ import annotations

from packages.server.tests.site import Site
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.http.logs import JsonLog
from steelyard_server.platform import build_platform
from steelyard_server.settings import serve_settings


def test_the_parts_share_one_pool(site: Site) -> None:
    data = open_data_folder(site.data, create=False)
    settings = serve_settings(data=site.data, bind="127.0.0.1:8420")
    with open_database(data, beside=True) as database, database.pool(1) as pool:
        platform = build_platform(settings, data, database, pool, JsonLog())
        assert platform.runs.latest([], 5) == []
        assert b"steelyard_disk_free_bytes" in platform.metrics.text()
