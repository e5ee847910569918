"""``steelyard watch look``: one pass more, for cron, or again and again."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import (
    api_keys_option,
    data_option,
    deadline_option,
    json_option,
    key_option,
    patience_option,
    run_arguments,
    task_option,
    timestamp_option,
)
from steelyard.cli.watch.output import notify, print_watch
from steelyard.errors import DeadlineExceeded, ExitCode, Interrupted, ModelUnavailable, SteelyardError

if TYPE_CHECKING:
    from steelyard.watching.standing import Standing

__all__ = ["command"]

SECRET = "STEELYARD_WEBHOOK_SECRET"  # noqa: S105 — a variable's name


@click.command()
@click.argument("watch", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "uri",
    multiple=True,
    metavar="URI",
    help="The model's URI, for a watch that was begun on another machine or whose file moved. An endpoint's address "
    "must be the baseline's.",
)
@data_option
@task_option
@click.option(
    "--every",
    metavar="TIME",
    help="Go on looking at this distance until there is an alarm, or Ctrl-C: 24h. A full disk or an endpoint that is "
    "down ends no loop. Without it: one look.",
)
@click.option(
    "--give-up",
    "gives_up",
    is_flag=True,
    help="Put an unfinished pass that can never be finished on record as lost, and begin another.",
)
@click.option(
    "--webhook",
    metavar="URL",
    help="Post an alert to this address where a look is not quiet or ends with an error: HTTPS, or http:// on this "
    f"machine. Signed with the secret in {SECRET}.",
)
@click.option(
    "--webhook-secret-env",
    "secret_variable",
    default=SECRET,
    metavar="NAME",
    help="Another environment variable with the secret.",
)
@deadline_option
@patience_option
@key_option
@timestamp_option
@api_keys_option
@json_option
def command(
    watch: Path,
    every: str | None,
    gives_up: bool,
    webhook: str | None,
    secret_variable: str,
    as_json: bool,
    **asking: Any,
) -> int:
    """Ask one pass more of the watch in the folder WATCH, and say where it stands.

    An unfinished pass is finished first, and is then the look of this call. While the baseline is not whole, its
    passes are asked. Exit codes: 0 quiet, 1 alarm, 3 the baseline is not whole yet, 4 answers are missing or the
    model was not reached (an alarm that stands is said there too). After an alarm it stays 1 until another watch
    begins.
    """
    from steelyard.runner.webhook import check_webhook
    from steelyard.util.duration import read_duration

    pause = read_duration(every, "--every")
    secret = os.environ.get(secret_variable, "")
    if webhook is not None:
        check_webhook(webhook, secret, secret_variable)
    is_first = True
    while True:
        begun = time.monotonic()
        # The deadline counts from each look.
        code = _look(
            watch, asking, webhook, secret, gives_up=gives_up, as_json=as_json, goes_on=pause is not None,
            is_first=is_first,
        )  # fmt: skip
        gives_up = is_first = False
        if pause is None or code == ExitCode.INCONSISTENT:
            return code
        wait = max(0.0, pause - (time.monotonic() - begun))
        notify(f"next look in {wait / 3600:.1f} h" if wait >= 3600 else f"next look in {wait:.0f} s")
        time.sleep(wait)


def _look(
    watch: Path,
    asking: dict[str, Any],
    webhook: str | None,
    secret: str,
    *,
    gives_up: bool,
    as_json: bool,
    goes_on: bool,
    is_first: bool,
) -> int:
    """One look, its output and its alert; the exit code. What may pass until the next look ends no loop."""
    import asyncio

    from steelyard.api.watch import look_again
    from steelyard.watching.alert import alert_of, failure_alert
    from steelyard.watching.folder import now_text

    try:
        standing = asyncio.run(look_again(watch, run_arguments(**asking), notify, gives_up=gives_up))
    except Interrupted:
        raise
    except Exception as error:
        left = _standing_after(watch)
        if left is not None and isinstance(error, ModelUnavailable | DeadlineExceeded):
            print_watch(left, as_json=as_json)
        _post(webhook, secret, failure_alert(left, error, now_text()))
        if not goes_on or left is None or not _may_pass(error, is_first=is_first):
            raise
        notify(f"steelyard: {error}")
        return int(error.exit_code) if isinstance(error, SteelyardError) else int(ExitCode.BAD_INPUT)
    print_watch(standing, as_json=as_json)
    _post(webhook, secret, alert_of(standing, now_text()))
    return int(standing.exit)


def _standing_after(watch: Path) -> Standing | None:
    """Where the watch stands by its log; None where that cannot be read."""
    from steelyard.watching.folder import open_log
    from steelyard.watching.standing import standing_of

    try:
        return standing_of(open_log(watch))
    except (SteelyardError, OSError, ValueError):
        return None


def _may_pass(error: Exception, *, is_first: bool) -> bool:
    """Whether the next look may go well: not after wrong use, which the first look shows, nor after a broken run."""
    from steelyard.watching.alert import ending_of

    ending = ending_of(error)
    return ending in ("unreachable", "deadline", "storage") or (ending == "refused" and not is_first)


def _post(webhook: str | None, secret: str, found: tuple[dict[str, Any], str] | None) -> None:
    """Tell the webhook; that it cannot be told is said, and changes nothing else."""
    import asyncio

    from steelyard.evidence.canonical import canonical
    from steelyard.runner.webhook import deliver

    if webhook is None or found is None:
        return
    done = asyncio.run(deliver(webhook, secret, canonical(found[0]), found[1]))
    if done.failure:
        notify(f"the webhook was NOT told, after {done.attempts} attempts: {done.failure}")
