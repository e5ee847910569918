from __future__ import annotations

from packages.server.tests.fixtures import data_template, database, older, team, team_database  # noqa: F401 — fixtures
