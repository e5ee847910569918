from __future__ import annotations

from tests.server.fixtures import data_template, database, older, team, team_database  # noqa: F401 — fixtures
