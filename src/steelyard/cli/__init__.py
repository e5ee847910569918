"""The command line: one small file per command, loaded when it is called, so that ``steelyard --help`` stays fast."""

from __future__ import annotations

import io
import signal
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import click

from steelyard.cli.lazy_group import LazyGroup
from steelyard.errors import ExitCode, MissingDependency, SteelyardError
from steelyard.members import MEMBERS, member_of_command
from steelyard.util.outlet import Outlet

__all__ = ["main"]

COMMANDS = {
    "audit": "check a claim sheet against a served model, to a sealed verdict",
    "cascade": "measure a small model first and a large one where it is unsure, from two finished runs",
    "choose": "find the cheapest of several models that reaches a target on your questions",
    "compare": "compare runs on the same samples: which is better, by how much, how sure",
    "doctor": "check what is installed and works here, and say how to fix what does not",
    "export": "export the results of a sealed run in another format",
    "gate": "pass or fail a model in CI: green, red or undecided, at a stated level",
    "gateway": "record any harness's calls to an endpoint, to a sealed bundle",
    "import": "import another harness's log as a sealed run, or published results as a claim sheet",
    "judge": "score a finished run by a judge, and hold the judge against people's labels",
    "key": "create and show the signing key",
    "ledger": "show and check what was planned with a key",
    "model": "fetch the embedded model",
    "portfolio": "concentration risk: how far models fail on the same samples, by vendor and family",
    "report": "show the report of a run again, computed from its journal",
    "resume": "resume an interrupted run or recording",
    "run": "measure one task on a model, with error bars",
    "screen": "screen a claim sheet by arithmetic alone: no model, no network",
    "show": "show the questions and answers of a run, and how they were read",
    "suite": "make, review, seal and refresh private suites from your own tables, logs and documents",
    "tasks": "list the benchmarks that can be measured here, and what each needs",
    "verify": "check a bundle offline: every digest, score and verdict",
    "watch": "watch a served model: a small probe on a schedule, alarms at one level for all years",
}


class MemberGroup(LazyGroup):
    """The core's commands, and those that other distributions bring by the entry-point group ``steelyard.commands``.

    Entry points are looked up for a command that is not the core's alone: finding them costs half of the whole help.
    """

    def __init__(self, *args: Any, summaries: Mapping[str, str], **kwargs: Any) -> None:
        lines = dict(summaries)
        for member in MEMBERS:
            also = "" if member.is_installed else f" ({member.how_to_install})"
            lines.update({name: line + also for name, line in member.commands.items()})
        super().__init__(*args, summaries=lines, **kwargs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command of the core, else of whoever brings it; MissingDependency where its member is not installed."""
        if cmd_name in COMMANDS:
            return super().get_command(ctx, cmd_name)
        from importlib.metadata import entry_points

        for entry in entry_points(group="steelyard.commands", name=cmd_name):
            found: click.Command = entry.load()
            return found
        if member := member_of_command(cmd_name):
            raise MissingDependency(f"{cmd_name} comes with another package: {member.how_to_install}")
        return None


@dataclass(slots=True)
class _Flags:
    debug: bool = False


@click.group(
    cls=MemberGroup,
    package=__name__,
    summaries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="steelyard", message="steelyard %(version)s")
@click.option("--debug", is_flag=True, help="Print the traceback of an error before its one line.")
@click.pass_obj
def group(flags: _Flags, debug: bool) -> None:
    """Re-test AI models in-house: from a vendor's claims to a verdict that anyone can verify.

    Exit codes: 0 all consistent or intact, 1 something inconsistent or broken, 2 bad input, 3 undecided,
    4 answers are missing or the model was not reached, 130 interrupted, 70 internal error.
    """
    flags.debug = debug


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every error is one line on stderr and a stable exit code."""
    # A reader that stops (``| head``) changes neither what is done nor the exit code.
    sys.stdout, sys.stderr = Outlet(sys.stdout), Outlet(sys.stderr)
    signal.signal(signal.SIGTERM, _terminate)
    code = execute(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # a further Ctrl-C while threads end prints no traceback
    sys.exit(code)


def _terminate(_: int, frame: FrameType | None) -> None:
    """SIGTERM ends a command as Ctrl-C does, also where the shell lets it ignore Ctrl-C."""
    interrupt = signal.getsignal(signal.SIGINT)
    if not callable(interrupt):
        raise KeyboardInterrupt
    interrupt(signal.SIGINT, frame)


def execute(arguments: list[str] | None = None) -> int:
    """As :func:`main`, but return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper | Outlet):  # a terminal without "×" gets a "?", not an error
            stream.reconfigure(errors="replace")
    try:
        result = _call(arguments)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return int(ExitCode.BAD_INPUT)
    except click.ClickException as error:
        hint = f" (try: {error.ctx.command_path} --help)" if isinstance(error, click.UsageError) and error.ctx else ""
        return _fail(f"{error.format_message()}{hint}", ExitCode.BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", ExitCode.INTERRUPTED)
    except SteelyardError as error:
        return _fail(str(error), error.exit_code)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _fail(f"{place}{error.strerror or error}; finished work is not lost", ExitCode.BAD_INPUT)
    except Exception as error:
        return _fail(
            f"internal error, please report it: {type(error).__name__}: {error} {_place(error)}",
            ExitCode.INTERNAL_ERROR,
        )
    return int(result) if isinstance(result, int) else ExitCode.CONSISTENT


def _call(arguments: list[str] | None) -> Any:
    flags = _Flags()
    try:
        return group.main(arguments, prog_name="steelyard", standalone_mode=False, obj=flags)
    except Exception:
        if flags.debug:
            traceback.print_exc()
        raise


def _fail(message: str, code: int) -> int:
    line = " ".join(message.split())
    printable = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)
    click.echo(f"steelyard: {printable}", err=True)
    return int(code)


def _place(error: BaseException) -> str:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return ""
    path = Path(last.tb_frame.f_code.co_filename)
    ours = [number for number, part in enumerate(path.parts) if part.startswith("steelyard")]
    return f"[{Path(*path.parts[ours[-1] + 1 :]) if ours else path}:{last.tb_lineno}]"
