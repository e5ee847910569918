"""What is known of one request while it is answered: for its log line, its counters and its audit lines."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["RequestFacts", "begin_facts", "facts_of"]

_KEY: Final = "steelyard.facts"


@dataclass
class RequestFacts:
    """``route`` is the pattern that matched, never the path itself, which may hold what no log should."""

    request_id: str
    address: str = ""
    route: str = "-"
    caller: str = "nobody"


def facts_of(scope: MutableMapping[str, Any]) -> RequestFacts:
    """The facts of a request; put there by the outermost layer (:mod:`steelyard.server.web.logs`)."""
    found: RequestFacts = scope[_KEY]
    return found


def begin_facts(scope: MutableMapping[str, Any], facts: RequestFacts) -> None:
    """Put them there."""
    scope[_KEY] = facts
