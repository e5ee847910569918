from __future__ import annotations

import pytest

from steelyard_server.cli.remote.job import job_address, job_of


@pytest.mark.parametrize(
    ("run", "job"),
    [("job:12", 12), ("job:", None), ("12", None), ("job:-1", None), ("job:1/2", None), ("job:" + "9" * 19, None)],
)
def test_only_a_number_names_a_job(run: str, job: int | None) -> None:
    assert job_of(run) == job


def test_the_command_that_goes_on_can_be_pasted_into_a_shell() -> None:
    assert job_address(3, "https://a b") == "steelyard remote status job:3 --wait --at 'https://a b'"
