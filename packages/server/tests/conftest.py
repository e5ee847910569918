from __future__ import annotations

from packages.server.tests.comparing.runs import same_samples  # noqa: F401 — a fixture
from packages.server.tests.fixtures import (  # noqa: F401 — fixtures
    certificate,
    chosen_run,
    data,
    data_template,
    database,
    hostile_run,
    mixed,
    older,
    site,
    suite_run,
    team,
    team_database,
)
