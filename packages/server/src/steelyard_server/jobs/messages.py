"""What a job's process and its worker say to each other, and the clock on which leases are told."""

from __future__ import annotations

import re
import time
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from steelyard_server.endpoints.addresses import OwnPlaces

__all__ = [
    "MAX_LINE",
    "MAX_PROGRESS",
    "MAX_SETUP",
    "SPECIFICATION",
    "Ended",
    "LiveClaim",
    "Progress",
    "Setup",
    "clock",
    "kept_progress",
    "of_the_server",
    "read_progress",
    "without_address",
    "without_folder",
]

MAX_LINE: Final = 16_384
MAX_PROGRESS: Final = 12_000  # characters of what the database keeps of it
MAX_SETUP: Final = 60_000  # bytes: what a new pipe holds (64 KB), so that nobody waits for a reader
SPECIFICATION: Final = "specification.json"  # in the folder of the inputs
_OF_THE_SERVER: Final = (
    (
        "give a mirror with --data DIR",
        "whoever runs the server names a folder of benchmark data in STEELYARD_DATA, for serve and every worker",
    ),
    ("or pip install 'steelyard[data]' for the hub", "or installs 'steelyard[data]' there for the hub"),
    (
        "leave out --data and STEELYARD_DATA to use the hub",
        "whoever runs the server leaves STEELYARD_DATA out to use the hub",
    ),
)
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """The first line that a job's process hears, by its standard input, so that no argument or variable has a secret.

    ``uri``: the model; ``host``, ``port`` and ``key`` ("" for none) are its endpoint's, and at most ``calls`` are in
    flight there. ``price``: of a million prompt and completion tokens, where the endpoint's list has both. ``own`` is
    what may not be called. ``data`` and ``database_url`` ("": the data folder's own) lead to the database;
    ``stored_run`` is where an earlier attempt's answers are.
    """

    uri: str
    host: str = ""
    port: int = 0
    key: str = ""
    calls: int | None = None
    price: tuple[float, float] | None = None
    own: OwnPlaces = OwnPlaces()
    data: str
    database_url: str = ""
    project: str
    project_id: Number
    job: Number
    attempt: Number
    stored_run: Number | None = None
    lease_seconds: float

    def __repr__(self) -> str:
        return f"Setup({self.uri!r})"


class LiveClaim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where one claim or measurement stands: calls ``answered`` of ``planned``, and what may be said of it by now.

    ``rule``: *test*, the interval (shares) is of a test that holds at every look and closes on ``target``; *measured*,
    without a test, of what is measured, at every look, too; *end*, of a fixed number of answers, so that nothing is
    said before its end; *unmarked*, nothing in it is right or wrong. ``right`` of ``counted`` are as far as the order
    reaches without a gap.
    """

    task: str
    rule: Literal["test", "measured", "end", "unmarked"]
    answered: Number
    planned: Number
    counted: Number | None = None
    right: Number | None = None
    low: float | None = None
    high: float | None = None
    target: str = ""
    decision: str = ""
    is_closed: bool = False


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="progress", omit_defaults=True):
    """How many of the planned calls are answered, and where claims stand, of which ``left`` are not listed.

    ``own``: the benchmarks of the plan that are questions of somebody's own, by the digests of their items, whatever
    they are called (:func:`benchmark_of`).
    """

    answered: Number
    planned: Number
    claims: tuple[LiveClaim, ...] = ()
    left: Number = 0
    own: tuple[str, ...] = ()


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="ended"):
    """How it ended: *sealed*, *stopped*, *unusable*, *budget*, *approval*, *key* or *failed*, with the reason.

    *unusable*: a fault of what was asked; *budget*: one has no room for the next call; *approval*: what it may spend
    needs a second person; *key*: its plan is signed by one that the project has not any more.

    ``unavailable``: the endpoint did not answer.
    """

    how: str
    reason: str = ""
    unavailable: bool = False


def clock() -> float:
    """Seconds that also pass while a process or the machine sleeps; the same for every process of a machine."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def without_address(text: str, setup: Setup) -> str:
    """A message without where the endpoint is: viewers of a project read it, and its address is for administrators."""
    if not setup.host:
        return text
    address = setup.uri.rpartition("@")[2]
    origin = "/".join(address.split("/")[:3])
    for place in (address, origin, f"{setup.host}:{setup.port}", setup.host):
        text = re.sub(rf"(?<![\w.-]){re.escape(place)}(?![\w-])", "its endpoint", text)
    return text


def without_folder(text: str, folder: str) -> str:
    """A message without what lies where in the platform's data folder: viewers of a project read it."""
    place = folder.rstrip("/")
    if not place:
        return text
    inside = rf"{re.escape(place)}/[^\s:;,'\"]*"
    text = re.sub(rf"{inside}(?::\d+)?: ", "", text)
    return re.sub(rf"{inside}|{re.escape(place)}(?![\w.-])", "the platform's folder", text)


def of_the_server(reason: str) -> str:
    """Why data are missing, for readers of a page: who could change it, and not by which option of a command."""
    for said, shown in _OF_THE_SERVER:
        reason = reason.replace(said, shown)
    return reason


def kept_progress(progress: Progress) -> str:
    """What the database keeps of it, as JSON: without the claims where these are too long."""
    text = msgspec.json.encode(progress).decode()
    if len(text) <= MAX_PROGRESS:
        return text
    short = Progress(answered=progress.answered, planned=progress.planned, own=progress.own)
    return msgspec.json.encode(short).decode()


def read_progress(kept: str) -> Progress | None:
    """What the database keeps of a job's progress; None where it has said nothing."""
    try:
        return msgspec.json.decode(kept, type=Progress) if kept else None
    except msgspec.DecodeError:
        return None
