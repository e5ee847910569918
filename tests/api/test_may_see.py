"""Only the addresses that a suite names may see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.api.may_see import check_addresses
from steelyard.errors import InputError
from steelyard.tasks.suite_task import task_from_suite
from testkit.suite_files import suite_at


def test_what_is_not_named_is_refused_with_the_role(tmp_path: Path) -> None:
    suite = task_from_suite(suite_at(tmp_path / "s", "suite: s\nendpoints: [https://h/v1, 'mine:x', python]\n"))
    check_addresses([suite], {"subject": "https://H:443/v1/", "judge": "mine:x", "own": "python", "here": ""})
    for address in ("https://h/v2", "mine:y", "other"):
        with pytest.raises(InputError, match=r"\(judge\), and nothing was sent"):
            check_addresses([suite], {"judge": address})
