"""Where STEELYARD_FORBID_SKIPS is set, as in ``.ci/run``, a skipped test fails the run: it has tested nothing."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

# Which skips are right, by a pattern of their reason.
ALLOWED = {
    "TensorBoard is installed here": "that test is of the message where it is not",
    "glibc's malloc only": "what is set there is glibc's own",
    "not root: these tests run as an ordinary user themselves": "what is tested is what root does",
    "nobody may not run this Python": "an environment below /root may be closed to others",
    r"no PostgreSQL \d+ on this machine": "the wheel brings 16 and 18; others are the distribution's own",
    "no systemd-analyze on this machine": "the unit is for systemd, which not every machine has",
    "no CUDA device": "there is no GPU in continuous integration",
}
# The benchmark data are not in the repository, so that GitHub's runners do not have them.
ALLOWED_ON_GITHUB = {"no measuring data at ": "the data are only beside a checkout of the maintainers"}


def forbidden(reasons: list[str], *, on_github: bool) -> list[str]:
    """The reasons that no pattern allows."""
    allowed = [*ALLOWED, *(ALLOWED_ON_GITHUB if on_github else ())]
    return [reason for reason in reasons if not any(re.search(pattern, reason) for pattern in allowed)]


def pytest_sessionfinish(session: pytest.Session) -> None:
    terminal: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("STEELYARD_FORBID_SKIPS") or hasattr(session.config, "workerinput") or terminal is None:
        return
    reports = terminal.stats.get("skipped", [])
    reasons = [str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr) for report in reports]
    if bad := forbidden(reasons, on_github=os.environ.get("GITHUB_ACTIONS") == "true"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        terminal.write_line("")
        for reason in sorted(set(bad)):
            terminal.write_line(
                f"skipped, which STEELYARD_FORBID_SKIPS forbids ({bad.count(reason)}): {reason}", red=True
            )
