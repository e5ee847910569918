"""People in the real database, by the pages and beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from packages.server.tests.access.folk import FACTS, folk_of
from packages.server.tests.databases import started
from packages.server.tests.site import PASSWORD, Site
from steelyard.errors import InputError
from steelyard_server.access.callers import NOBODY
from steelyard_server.access.people import NoAccessError, has_administrator, new_admin_link
from steelyard_server.api.push import PUSH
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import open_data_folder


@pytest.fixture
def own(site: Site) -> Site:
    site.administrator()
    return site


def test_a_link_is_for_the_first_administrator_alone(own: Site) -> None:
    with (
        open_database(open_data_folder(own.data, create=False), beside=True) as database,
        database.connect() as connection,
    ):
        assert has_administrator(connection)
        with pytest.raises(InputError, match="there is an administrator"):
            new_admin_link(connection, "owner")
    code = own.link.rpartition("=")[2]
    reply = own.client().get(f"/welcome?code={code}")
    assert reply.status == 403
    assert "was used" in reply.text


def test_secrets_are_in_no_table_and_no_log(own: Site) -> None:
    client, token = own.administrator(), own.token()
    with (
        open_database(open_data_folder(own.data, create=False), beside=True) as database,
        database.connect_as_owner() as connection,
    ):
        text = ""
        for table in ("person", "session", "admin_link", "token", "audit"):
            rows = connection.execute(f"SELECT t::text FROM steelyard.{table} t".encode()).fetchall()
            text += "".join(row[0] for row in rows)
    secrets = [token, PASSWORD, own.link.rpartition("=")[2], client.cookies["steelyard-session"]]
    for place in (
        text,
        "".join(line for line in own.lines if "no administrator yet" not in line),
    ):  # that line has the link, for the person at the machine
        assert [each for each in secrets if each in place] == []


def test_a_revoked_token_and_an_ended_session_let_nobody_in(own: Site) -> None:
    client = own.administrator()
    made = client.submit("/account", "/account/tokens", name="short", scope="metrics", days="7")
    found = re.search(r"steelyard_[A-Za-z0-9_-]{43}", made.text)
    assert found is not None
    bearer = {"Authorization": f"Bearer {found[0]}"}
    assert own.client().ask("GET", "/metrics", headers=bearer).status == 200
    number = max(map(int, re.findall(r"/account/tokens/(\d+)/revoke", made.text)))
    assert client.submit("/account", f"/account/tokens/{number}/revoke").status == 303
    assert own.client().ask("GET", "/metrics", headers=bearer).status == 401
    again = own.client()
    again.cookies = dict(client.cookies)  # as somebody who copied the session before
    assert again.get("/").status == 200
    assert client.submit("/account", "/sign-out").status == 303
    assert client.cookies["steelyard-session"] != again.cookies["steelyard-session"]
    assert again.get("/").status == 303


def test_a_first_administrator_cannot_have_somebodys_name_and_the_link_stays_good(data: Path) -> None:
    with started(data) as database, folk_of(database) as folk:
        folk.add("grace", has_password=False)
        with folk.pool.connection() as connection:
            link = new_admin_link(connection, "owner")
        with pytest.raises(InputError, match="there is somebody called Grace already"):
            folk.people.welcome(link, "Grace", PASSWORD, FACTS, "browser")
        caller = folk.people.by_session(folk.people.welcome(link, "ada", PASSWORD, FACTS, "browser"))
        assert (caller.name, caller.is_admin) == ("ada", True)
        with pytest.raises(InputError, match="was used"):
            folk.people.welcome(link, "eve", PASSWORD, FACTS, "browser")


def test_a_password_lets_in_who_has_a_role_and_is_not_disabled(data: Path) -> None:
    with started(data) as database, folk_of(database) as folk:
        boss = folk.caller(folk.add("boss", is_admin=True))
        link = folk.members.add_person(boss, "grace", "default", "viewer", FACTS)
        folk.people.join(link, PASSWORD, FACTS, "browser")
        assert folk.people.sign_in("GRACE", PASSWORD, FACTS, "browser")
        assert folk.people.sign_in("grace", "another way to the mill", FACTS, "browser") is None
        folk.members.set_role(boss, folk.members.person_called("grace"), "default", "", FACTS)
        with pytest.raises(NoAccessError):
            folk.people.sign_in("grace", PASSWORD, FACTS, "browser")
        folk.members.disable(boss, folk.members.person_called("grace"), FACTS)
        assert folk.people.sign_in("grace", PASSWORD, FACTS, "browser") is None


OVER = "created_at = created_at - interval '400 days', expires_at = expires_at - interval '400 days'"


def test_what_is_over_lets_nobody_in(data: Path) -> None:
    """Each is first good, then made old by the owner of the tables: no clock is waited for."""
    with started(data) as database, folk_of(database) as folk, database.connect_as_owner() as owner:
        owner.autocommit = True
        with folk.pool.connection() as connection:
            first = new_admin_link(connection, "owner")
        assert folk.people.may_be_welcomed(first)
        owner.execute(f"UPDATE steelyard.admin_link SET {OVER}".encode())
        assert not folk.people.may_be_welcomed(first)
        with pytest.raises(InputError, match="too old"):
            folk.people.welcome(first, "ada", PASSWORD, FACTS, "browser")

        boss = folk.caller(folk.add("boss", is_admin=True))
        late = folk.members.add_person(boss, "late", "default", "viewer", FACTS)
        assert folk.people.invited(late) == "late"
        owner.execute(f"UPDATE steelyard.person_link SET {OVER}".encode())
        assert folk.people.invited(late) == ""
        with pytest.raises(InputError, match="too old"):
            folk.people.join(late, PASSWORD, FACTS, "browser")

        link = folk.members.add_person(boss, "grace", "default", "runner", FACTS)
        session = folk.people.join(link, PASSWORD, FACTS, "browser")
        caller = folk.people.by_session(session)
        token = folk.tokens.make(caller, "CI", "push", "default", 7, FACTS)
        found = folk.tokens.caller(token)
        assert found.person == caller.person
        assert folk.tokens.may_still(PUSH, found)
        owner.execute(f"UPDATE steelyard.token SET {OVER}".encode())
        assert folk.tokens.caller(token) == NOBODY
        assert not folk.tokens.may_still(PUSH, found), "nor what began before"
        assert folk.tokens.listed(caller.person or 0)[0].state == "expired"
        owner.execute(f"UPDATE steelyard.session SET {OVER}".encode())
        assert folk.people.by_session(session) == NOBODY
        assert folk.people.sessions(caller.person or 0) == []


def test_who_is_disabled_does_not_come_in_by_what_is_still_open(data: Path) -> None:
    """Disabling ends sessions and tokens; that each looks at the person as well is tried beside that."""
    with started(data) as database, folk_of(database) as folk, database.connect_as_owner() as owner:
        owner.autocommit = True
        boss = folk.caller(folk.add("boss", is_admin=True))
        link = folk.members.add_person(boss, "grace", "default", "runner", FACTS)
        session = folk.people.join(link, PASSWORD, FACTS, "browser")
        caller = folk.people.by_session(session)
        token = folk.tokens.make(caller, "CI", "push", "default", 7, FACTS)
        again = folk.members.new_link(boss, caller.person or 0, FACTS)
        assert folk.people.invited(again) == "grace"
        owner.execute("UPDATE steelyard.person SET disabled_at = now() WHERE name = 'grace'")
        assert folk.people.by_session(session) == NOBODY
        assert folk.tokens.caller(token) == NOBODY
        assert folk.people.invited(again) == ""
        assert folk.people.sign_in("grace", PASSWORD, FACTS, "browser") is None


def test_nobody_ends_a_session_of_somebody_else(data: Path) -> None:
    with started(data) as database, folk_of(database) as folk:
        boss = folk.caller(folk.add("boss", is_admin=True))
        secrets = [
            folk.people.join(folk.members.add_person(boss, name, "default", "viewer", FACTS), PASSWORD, FACTS, "x")
            for name in ("grace", "mary")
        ]
        grace, mary = (folk.people.by_session(each) for each in secrets)
        assert mary.session is not None
        folk.people.end_session(grace, mary.session, FACTS)
        assert folk.people.by_session(secrets[1]) == mary
        folk.people.end_session(mary, mary.session, FACTS)
        assert folk.people.by_session(secrets[1]) == NOBODY
