from __future__ import annotations

from steelyard.server.database.connection import open_database
from steelyard.server.database.folder import open_data_folder
from steelyard.server.http.logs import JsonLog
from steelyard.server.platform import build_platform
from steelyard.server.settings import serve_settings
from tests.server.site import Site


def test_the_parts_share_one_pool(site: Site) -> None:
    data = open_data_folder(site.data, create=False)
    settings = serve_settings(data=site.data, bind="127.0.0.1:8420")
    with open_database(data, beside=True) as database, database.pool(1) as pool:
        platform = build_platform(settings, data, database, pool, JsonLog())
        assert platform.runs.latest([], 5) == []
        assert b"steelyard_disk_free_bytes" in platform.metrics.text()
