"""The process that tries one endpoint, as ``steelyard doctor --model`` does, and may connect to nothing else of ours.

Run as ``python -P -m steelyard_server.endpoints.worker PARENT``, within limits, and ended with the process PARENT. What
to try comes as JSON on standard input, the key among it, so that it is in no argument and no environment that others
see. What was found goes to standard output.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.errors import InputError, SteelyardError
from steelyard.util.text import one_line
from steelyard_server.bounds import bound
from steelyard_server.endpoints.addresses import OwnPlaces, checked_sockets, refused_host

if TYPE_CHECKING:
    from steelyard.api.model_check import Finding, ModelCheck

__all__ = ["MAX_REPLY", "Looked", "Trial", "Tried", "main"]

MAX_REPLY: Final = 1 << 20
_CPU_SECONDS: Final = 60
_MEMORY: Final = 4 << 30
_MAX_WRITTEN: Final = 16 << 20


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What to try: a model's URI with its host and port, the key ("" for none), and how many seconds it may take."""

    uri: str
    host: str
    port: int
    key: str
    own: OwnPlaces
    seconds: float

    def __repr__(self) -> str:
        return f"Trial({self.uri!r})"


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at: whether it works, what was seen, how to change it."""

    what: str
    works: bool
    text: str
    fix: str = ""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What was found; or ``problem``, in one line, why nothing was."""

    problem: str = ""
    answers_as: str = ""
    server: str = ""
    can: tuple[Looked, ...] = ()
    tests: tuple[Looked, ...] = ()


def main(parent: int) -> None:
    """Try for the process ``parent`` what standard input says."""
    bound(_CPU_SECONDS, _MEMORY, parent, _MAX_WRITTEN)
    trial = msgspec.json.decode(sys.stdin.buffer.read(MAX_REPLY), type=Trial)
    sys.stdout.buffer.write(msgspec.json.encode(_tried(trial)))


def _tried(trial: Trial) -> Tried:
    from steelyard.api.model_check import check_model
    from steelyard.models import Settings

    try:
        if reason := refused_host(trial.host, trial.port, trial.own):
            raise InputError(f"{trial.host} is not called: {reason}")
        settings = Settings(
            api_key=trial.key,
            timeout_seconds=trial.seconds,
            socket_factory=checked_sockets(trial.own),
        )
        return _summed_up(asyncio.run(check_model(trial.uri, settings, seconds=trial.seconds)))
    except SteelyardError as error:
        return Tried(problem=one_line(str(error), 600))


def _summed_up(found: ModelCheck) -> Tried:
    profile = found.server.profile if found.server is not None else None
    return Tried(
        answers_as=one_line(str(found.identity.details.get("answers_as", "")), 200),
        server=one_line(f"{profile.name} {found.server.version}", 120) if profile and found.server else "",
        can=tuple(map(_looked, found.can)),
        tests=tuple(map(_looked, found.tests)),
    )


def _looked(finding: Finding) -> Looked:
    text, fix = (one_line(each, 600) for each in (finding.text, finding.fix))
    return Looked(what=one_line(finding.what, 120), works=finding.works, text=text, fix=fix)


if __name__ == "__main__":
    main(int(sys.argv[1]))
