"""Who asks, and what a route asks of them: no route is served without such a rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["NOBODY", "Access", "Caller", "is_allowed"]


class Access(StrEnum):
    """Who may use a route. A browser's session never opens a token's route, nor a token a page."""

    ANYBODY = "anybody"
    ADMINISTRATOR = "administrator"
    PUSH = "token: push"
    METRICS = "token: metrics"

    @property
    def is_token(self) -> bool:
        """Whether programs use it."""
        return self in (Access.PUSH, Access.METRICS)

    @property
    def scope(self) -> str:
        """The scope that a token needs."""
        return self.value.partition(": ")[2]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who is known: a person by a session, or a token of theirs.

    ``session`` and ``token`` are ids, of which one is None; ``scopes`` are the token's.
    """

    person: int | None = None
    name: str = ""
    session: int | None = None
    token: int | None = None
    scopes: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """How logs name the caller: never by what lets it in."""
        if self.token is not None:
            return f"token {self.token}"
        return "nobody" if self.person is None else f"person {self.person}"


NOBODY = Caller()


def is_allowed(access: Access, caller: Caller) -> bool:
    """Whether a caller may use a route with this rule."""
    if access is Access.ANYBODY:
        return True
    if access.is_token:
        return caller.token is not None and access.scope in caller.scopes
    return caller.person is not None and caller.session is not None and caller.token is None
