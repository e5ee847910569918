from __future__ import annotations

from packages.server.tests.fixtures import chosen_run, data_template, hostile_run, site  # noqa: F401 — fixtures
