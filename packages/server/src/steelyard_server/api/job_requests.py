"""What the HTTP API takes to add a job, or to plan one, as frozen records."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from msgspec import Meta

from steelyard.records import Record
from steelyard_server.jobs.specification import AuditSpecification, RunSpecification

__all__ = ["EXAMPLE", "DryRunRequest", "JobRequest"]

# What may be asked on any server: of the model that is built in.
EXAMPLE: Final = {
    "kind": "run",
    "model": "embedded:smollm2",
    "questions": {"sums": '{"question": "What is 2 + 3?", "answer": "5"}\n'},
}

Asks: TypeAlias = Annotated[
    AuditSpecification | RunSpecification, Meta(description="What steelyard audit or steelyard run would be told.")
]


class JobRequest(Record, frozen=True, kw_only=True):
    """A job to be added. It names an endpoint of the server's list and one of its models; texts are in it as texts."""

    asks: Asks
    priority: Annotated[
        int, Meta(ge=-100, le=100, description="The highest goes first; one above 0 is for admins of the project.")
    ] = 0


class DryRunRequest(Record, frozen=True, kw_only=True):
    """What a job would ask, to be planned without asking it."""

    asks: Asks
