from __future__ import annotations

from tests.server.fixtures import data_template, database  # noqa: F401 — fixtures
