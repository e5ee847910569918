"""Who asks, and what a route asks of them: a place, and the least role there. No route is without such a rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

__all__ = ["NOBODY", "SCOPES", "Access", "Answer", "Caller", "Membership", "Place", "Role", "answer_to"]


class Role(StrEnum):
    """What a person may do in a project, from the least to the most: each role has the rights of those before it."""

    VIEWER = "viewer"  # look
    RUNNER = "runner"  # bring runs in
    EDITOR = "editor"  # bring and review suites, share reports
    ADMIN = "admin"  # say who has which role

    def reaches(self, least: Role) -> bool:
        """Whether it is at least that role."""
        roles = list(Role)
        return roles.index(self) >= roles.index(least)


# What a token is for, and the role that its person must have to make it: in its project, for metrics on the server.
SCOPES = {
    "push": Role.RUNNER,
    "read": Role.VIEWER,
    "run": Role.RUNNER,
    "approve": Role.EDITOR,
    "budget": Role.ADMIN,
    "suite": Role.EDITOR,
    "metrics": Role.ADMIN,
}


class Place(Enum):
    """Where a route's least role is looked for."""

    OPEN = "anybody"
    OWN = "who is signed in"
    PROJECT = "the project that the path names, or the token's"
    SERVER = "the server's administrator"


@dataclass(frozen=True)
class Access:
    """The rule of a route. With ``scopes`` it is a program's: a token with one of them opens it, no session does."""

    place: Place
    role: Role = Role.VIEWER
    scopes: tuple[str, ...] = ()

    @property
    def is_token(self) -> bool:
        """Whether programs use it. A session never opens a token's route, nor a token a page."""
        return bool(self.scopes)


@dataclass(frozen=True)
class Membership:
    """A person's role in a project, the highest of those that were given by hand and by groups."""

    project_id: int
    project: str
    role: Role


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who is known: a person by a session, or a token of theirs.

    ``session`` and ``token`` are ids, of which one is None; ``scopes`` are the token's. ``memberships`` are the
    projects that the caller may see, by name: for a token that of the token alone, for an administrator of the server
    (``is_admin``) all of them.
    """

    person: int | None = None
    name: str = ""
    session: int | None = None
    token: int | None = None
    scopes: frozenset[str] = frozenset()
    is_admin: bool = False
    memberships: tuple[Membership, ...] = ()

    @property
    def label(self) -> str:
        """How logs name the caller: never by what lets it in."""
        if self.token is not None:
            return f"token {self.token}"
        return "nobody" if self.person is None else f"person {self.person}"

    def membership(self, project: str) -> Membership | None:
        """The role in the project of this name."""
        return next((each for each in self.memberships if each.project == project), None)

    @property
    def token_project(self) -> Membership | None:
        """The project of a token, and its person's role there; None where there is none, or no role any more."""
        return next(iter(self.memberships), None) if self.token is not None else None


NOBODY = Caller()


class Answer(Enum):
    """What becomes of a request; *missing* is what a project that is not there gives."""

    ALLOWED = "allowed"
    UNKNOWN = "not signed in"
    REFUSED = "refused"
    MISSING = "not there"


def answer_to(access: Access, caller: Caller, project: str = "") -> Answer:
    """Whether a caller may use a route with this rule; ``project`` is the one that a page's path names."""
    if access.place is Place.OPEN:
        return Answer.ALLOWED
    if not _is_known(access, caller):
        return Answer.UNKNOWN
    if access.is_token and not caller.scopes & set(access.scopes):
        return Answer.REFUSED
    if access.place is Place.OWN:
        return Answer.ALLOWED
    if access.place is Place.SERVER:
        return Answer.ALLOWED if caller.is_admin else Answer.REFUSED
    found = caller.token_project if access.is_token else caller.membership(project)
    if found is None:
        return Answer.REFUSED if access.is_token else Answer.MISSING
    return Answer.ALLOWED if found.role.reaches(access.role) else Answer.REFUSED


def _is_known(access: Access, caller: Caller) -> bool:
    return (caller.token if access.is_token else caller.session) is not None
