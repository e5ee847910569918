"""One request as a handler sees it: who asks, what was sent, and the platform behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from steelyard.errors import InputError
from steelyard.util.text import one_line
from steelyard_server.access.callers import NOBODY, Caller, Membership
from steelyard_server.http.facts import RequestFacts, facts_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from steelyard_server.platform import Platform

__all__ = ["Call", "fields_of"]

MAX_FIELDS = 40


@dataclass
class Call:
    """``cookie`` is the secret of the session, or that of a visitor's forms; ``form`` holds each field once."""

    request: Request
    platform: Platform
    caller: Caller = NOBODY
    cookie: str = ""
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> RequestFacts:
        """What is known of the request, for audit lines."""
        return facts_of(self.request.scope)

    @property
    def membership(self) -> Membership:
        """The project of this request, and the caller's role in it: of a route whose rule asks for one."""
        named = self.request.path_params.get("project")
        found = self.caller.token_project if named is None else self.caller.membership(str(named))
        assert found is not None, "the rule was enforced before"
        return found

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def number(self, name: str) -> int:
        """A part of the path that is a number, as large as the database can look for."""
        return min(int(self.request.path_params[name]), 2**62)

    def query(self, name: str, limit: int = 200) -> str:
        """A parameter of the address, on one line; "" where it is not there."""
        return one_line(self.request.query_params.get(name, ""), limit)

    def field(self, name: str, limit: int = 200) -> str:
        """A field of the form, on one line; "" where it is not there. A password is read from ``form``."""
        return one_line(self.form.get(name, ""), limit)

    @property
    def agent(self) -> str:
        """What the browser calls itself, shortened: people tell their sessions apart by it."""
        return one_line(self.request.headers.get("user-agent", ""), 120)


def fields_of(body: bytes) -> dict[str, str]:
    """The fields of a form; raises InputError for what is none, and for a field that is there twice."""
    try:
        found = parse_qs(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise InputError("the form cannot be read") from None
    if any(len(values) > 1 for values in found.values()):
        raise InputError("the form has a field twice")
    return {name: values[0] for name, values in found.items()}
