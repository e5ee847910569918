"""What is known of one request while it is answered: for its log line, its counters and its audit lines."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["RequestFacts", "begin_facts", "facts_of", "place_of"]

_KEY: Final = "steelyard.facts"


@dataclass
class RequestFacts:
    """``route`` is the pattern that matched, never the path itself, which may hold what no log should.

    ``failure`` is the kind and place of an internal error.
    """

    request_id: str
    address: str = ""
    route: str = "-"
    caller: str = "nobody"
    failure: str = ""


def facts_of(scope: MutableMapping[str, Any]) -> RequestFacts:
    """The facts of a request; put there by the outermost layer (:mod:`steelyard_server.http.logs`)."""
    found: RequestFacts = scope[_KEY]
    return found


def begin_facts(scope: MutableMapping[str, Any], facts: RequestFacts) -> None:
    """Put them there."""
    scope[_KEY] = facts


def place_of(error: BaseException) -> str:
    """File and line where an error arose, without its text."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return f"[{last.tb_frame.f_code.co_filename.rpartition('steelyard/')[2]}:{last.tb_lineno}]" if last else ""
