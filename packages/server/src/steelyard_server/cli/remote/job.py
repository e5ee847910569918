"""What commands print of a job of a platform while it goes on there, and when it has ended."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from steelyard.api.progress import LiveProgress
from steelyard.cli.output import print_json
from steelyard.errors import ExitCode, Interrupted, ModelUnavailable, StorageError

if TYPE_CHECKING:
    from steelyard_server.wire.job_records import JobItem

__all__ = ["follow", "job_address", "job_of", "show_job"]

_PREFIX = "job:"


def job_of(run: str) -> int | None:
    """The number in ``job:12``, None for what names no job."""
    number = run.removeprefix(_PREFIX)
    return int(number) if run != number and number.isascii() and number.isdigit() and len(number) < 19 else None


def job_address(job: int, address: str) -> str:
    """The command that goes on with a job."""
    return f"steelyard remote status {_PREFIX}{job} --wait --at {shlex.quote(address)}"


def follow(job: int, address: str, token: str, *, as_json: bool) -> int:
    """Wait for a job's end with its progress on stderr, print what it came to, and return the exit code.

    Raises Interrupted at Ctrl-C, with how to go on: the job is not touched.
    """
    import asyncio

    from steelyard_server.client.jobs import wait_for_job

    try:
        with _JobProgress() as progress:
            ended = asyncio.run(wait_for_job(job, address, token, progress.show))
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; job {job} goes on there. Wait for it with: {job_address(job, address)}"
        ) from None
    except (ModelUnavailable, StorageError) as error:
        raise type(error)(f"{error}; job {job} may go on there: {job_address(job, address)}") from None
    return show_job(ended, address, token, as_json=as_json)


def show_job(job: JobItem, address: str, token: str, *, as_json: bool) -> int:
    """Print a job as it is, with its verdict where it made a run; its exit code is 3 while it goes on.

    That of a run is the run's own; 4 where it ended without one.
    """
    import asyncio

    import msgspec

    from steelyard.util.text import one_line
    from steelyard_server.cli.remote.shown import print_run
    from steelyard_server.client.jobs import ENDED
    from steelyard_server.client.runs import ask_verdicts

    if job.state == "finished" and job.seal is not None:
        (found,) = asyncio.run(ask_verdicts([job.seal], address, token))
        if as_json:
            print_json({"job": job.job, "state": job.state, "exit": found.exit, "run": msgspec.to_builtins(found)})
        else:
            print_run(found)
        return int(found.exit)
    code = ExitCode.PLAN_NOT_MET if job.state in ENDED else ExitCode.UNDECIDED
    if as_json:
        print_json({"job": job.job, "state": job.state, "waits_for": job.waits_for, "reason": one_line(job.reason, 600),
                    "progress": one_line(job.progress, 200), "exit": int(code), "run": None})  # fmt: skip
    else:
        click.echo(_in_words(job))
        click.echo(f"page    {one_line(job.page, 300)}")
    return int(code)


def _in_words(job: JobItem) -> str:
    """One line; all words are the platform's."""
    from steelyard.util.text import one_line

    state = {"cancelled": "stopped for good"}.get(job.state, one_line(job.state, 20))
    if job.state == "waiting" and job.waits_for == "approval":
        state = "waiting for another person's approval"
    elif job.state == "waiting" and job.waits_for == "budget":
        state = "waiting for a budget"
    parts = [f"job {job.job} is {state}", one_line(job.progress, 200), one_line(job.reason, 600)]
    return ": ".join(filter(None, parts))


class _JobProgress(LiveProgress):
    """How far a job is, on stderr: on a terminal always, else a line when it changes its state and now and then."""

    def __init__(self) -> None:
        super().__init__()
        self._state = ("", "")

    def show(self, job: JobItem) -> None:
        """Take note of a look at it."""
        line = _in_words(job)
        if self._display is not None:
            self._display.update(line)
            return
        state = (job.state, job.waits_for or "")
        if self._is_due() or state != self._state:
            self._state = state
            click.echo(line, err=True)
