"""Tokens of every kind of person, made in the site's own database, and what each may ask."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from packages.server.tests.access.folk import FACTS, Folk, folk_of
from packages.server.tests.site import Client, Site
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import open_data_folder

OTHER = "elsewhere"  # nobody pushes there
THIRD = "third"
# Who asks: the project and the role of the token's person, and the token's scope.
PEOPLE = {
    "viewer with read": ("default", "viewer", "read"),
    "runner with read": ("default", "runner", "read"),
    "runner with push": ("default", "runner", "push"),
    "runner with run": ("default", "runner", "run"),
    "editor with read": ("default", "editor", "read"),
    "editor with push": ("default", "editor", "push"),
    "editor with suite": ("default", "editor", "suite"),
    "editor with approve": ("default", "editor", "approve"),
    "admin with budget": ("default", "admin", "budget"),
    "admin with read": ("default", "admin", "read"),
    "admin with push": ("default", "admin", "push"),
    "admin of another project with read": (OTHER, "admin", "read"),
    "runner of a third project with push": (THIRD, "runner", "push"),
}


@dataclass(frozen=True)
class Asker:
    """A client, and its token's project, role and scope; "" where it has none."""

    name: str
    client: Client
    project: str = ""
    role: str = ""
    scope: str = ""


def askers(site: Site) -> list[Asker]:
    """Each of :data:`PEOPLE`, a token for metrics, nobody, a made-up token, and a signed-in browser without a token."""
    administrator = site.administrator()
    site.project(OTHER)
    site.project(THIRD)
    found = [
        Asker("nobody", site.client()),
        Asker("made-up token", Client(site.base, headers={"Authorization": "Bearer steelyard_" + "a" * 43})),
        Asker("browser of the administrator", administrator),
        Asker("token for metrics", site.with_token("metrics"), scope="metrics"),
    ]
    with (
        open_database(open_data_folder(site.data, create=False), beside=True) as database,
        folk_of(database) as folk,
    ):
        for name, (project, role, scope) in PEOPLE.items():
            token = _token(folk, name, project, role, scope)
            client = Client(site.base, headers={"Authorization": f"Bearer {token}"})
            found.append(Asker(name, client, project, role, scope))
    return found


def _token(folk: Folk, name: str, project: str, role: str, scope: str) -> str:
    first = folk.ask("SELECT min(id) FROM steelyard.person WHERE is_admin")[0][0]
    person = folk.add(f"{name} {secrets.token_hex(4)}")
    folk.members.set_role(folk.caller(first), person, project, role, FACTS)
    return folk.tokens.make(folk.caller(person), "tests", scope, project, 7, FACTS)
