"""One operation of the HTTP API: its route and rule, and all that its description says of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from steelyard.records import Record
from steelyard_server.access.callers import Access, Place
from steelyard_server.web.routing import Handler, Rule

if TYPE_CHECKING:
    from steelyard_server.wire.records import ApiRecord

__all__ = ["OF_ALL", "OF_TOKENS", "Body", "Operation", "Success"]

_PART: Final = re.compile(r"\{(\w+)(:\w+)?\}")
# What is wrong with any request, and with one that needs a token.
OF_ALL: Final = {
    403: "the server is asked by a name that is not its own",
    413: "the body is too large, or comes too slowly",
}
OF_TOKENS: Final = OF_ALL | {
    400: "the request is not one that this operation takes",
    401: "no valid token was sent",
    403: "the token lacks the scope, or its person the role; or the server is asked by a name that is not its own",
    429: "too many requests: Retry-After says when to try again",
    503: "the server or its database is busy, or does not answer: try again",
}


@dataclass(frozen=True)
class Success:
    """An answer that is no problem: a record as JSON, or bytes of another type."""

    status: int
    words: str
    record: type[ApiRecord] | None = None
    media_type: str = "application/json"


@dataclass(frozen=True)
class Body:
    """The body that an operation takes: of these types, a record where it is JSON; and which headers say more.

    ``example`` is one that is taken as it stands, on any server.
    """

    words: str
    media_types: tuple[str, ...]
    headers: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)  # description, values
    record: type[Record] | None = None
    example: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Operation:
    """``query`` describes the parameters of the address; ``problems`` are those beside the common ones, by status."""

    method: str
    path: str
    access: Access
    handler: Handler
    name: str
    summary: str
    about: str
    successes: tuple[Success, ...]
    problems: Mapping[int, str] = field(default_factory=dict)
    query: type[Record] | None = None
    body: Body | None = None

    @property
    def is_open(self) -> bool:
        """Whether anybody may ask it, without a token."""
        return self.access.place is Place.OPEN

    @property
    def rule(self) -> Rule:
        """Its route, with its rule."""
        streams = self.body is not None and self.body.record is None
        return Rule(self.method, self.path, self.access, self.handler, asks_who=not self.is_open, streams=streams)

    @property
    def template(self) -> str:
        """The path as OpenAPI writes it: ``/api/v1/runs/{seal}``."""
        return _PART.sub(r"{\1}", self.path)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the path that vary, by name."""
        return tuple(found[1] for found in _PART.finditer(self.path))

    def all_problems(self) -> dict[int, str]:
        """Every status of a problem, in order, with its meaning."""
        return dict(sorted({**(OF_ALL if self.is_open else OF_TOKENS), **self.problems}.items()))
