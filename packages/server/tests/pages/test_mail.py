"""Mail from an administrator's settings to a person's confirmed address, with a mail server on loopback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from packages.server.tests.jobs.yard import wait_for
from packages.server.tests.notify.sink import Sink, endless_server, mail_sink
from packages.server.tests.site import Client, Site, new_platform, pushed

PASSWORD = "pass-word-of-mail-7"


@pytest.fixture(scope="module")
def own_site(data_template: Path) -> Iterator[Site]:
    """A server of its own: there is one mail server for all."""
    with new_platform(data_template) as running:
        yield running


@pytest.fixture
def sink() -> Iterator[Sink]:
    with mail_sink() as found:
        yield found


def settings(client: Client, sink: Sink, **fields: str) -> str:
    typed = {"host": "127.0.0.1", "port": str(sink.port), "security": "none", "sender": "s@evals.example", **fields}
    return client.submit("/admin/mail", "/admin/mail", **typed).text


def test_from_the_settings_to_a_mail_about_a_run(own_site: Site, sink: Sink) -> None:
    admin, person = own_site.administrator(), own_site.person("mailed", "runner")
    assert "sends no mail yet" in person.get("/account/mail").text
    assert "mail is on" in settings(admin, sink)
    assert "took the test mail" in admin.submit("/admin/mail", "/admin/mail/test", to="ada@example.com").text
    reply = person.submit("/account/mail", "/account/mail/address", address="mailed@example.com")
    assert "A code was sent" in reply.text
    code = re.search(r"^The code: (\S{43})\s*$", sink.mails()[1].get_content(), re.MULTILINE)
    assert code is not None
    wrong = person.submit("/account/mail", "/account/mail/confirm", code="x" * 43)
    assert (wrong.status, "not the code" in wrong.text) == (400, True)
    assert "is confirmed" in person.submit("/account/mail", "/account/mail/confirm", code=code[1]).text
    boxes = {"kind-run.verified": "yes", "kind-run.inconsistent": "yes"}
    kept = person.submit("/account/mail", "/account/mail/choices", project="default", **boxes)
    assert kept.text.count(" checked") == 2
    pushed(own_site)
    wait_for(lambda: len(sink.got) == 3)
    mail = sink.mails()[2]
    assert mail["To"] == "mailed@example.com"
    assert f"{own_site.base}/p/default/runs/" in mail.get_content()
    assert f"To stop it: {own_site.base}/account/mail" in mail.get_content()
    assert "mailed@example.com" not in admin.get("/admin/audit").text
    assert "was deleted" in person.submit("/account/mail", "/account/mail/forget").text
    assert "mailed@example.com" not in person.get("/account/mail").text


def test_a_password_is_never_shown_and_what_goes_wrong_is_said(own_site: Site, sink: Sink) -> None:
    admin = own_site.administrator()
    assert "travel in clear" in settings(admin, sink, username="ada", secret=PASSWORD)
    kept = settings(admin, sink, security="starttls", username="ada", secret=PASSWORD)
    assert "empty: the one that is kept" in kept
    failed = admin.submit("/admin/mail", "/admin/mail/test", to="ada@example.com")
    assert (failed.status, "offers no STARTTLS" in failed.text) == (400, True)
    own = settings(admin, sink, port=own_site.base.rpartition(":")[2])
    assert "mail is on" in own
    refused = admin.submit("/admin/mail", "/admin/mail/test", to="ada@example.com")
    assert "this is the platform itself" in refused.text
    seen = kept + failed.text + "".join(admin.get(each).text for each in ("/admin/mail", "/admin/audit", "/admin"))
    assert PASSWORD not in seen + "".join(own_site.lines)
    assert "Mail is off" in admin.submit("/admin/mail", "/admin/mail/off").text
    off = admin.submit("/admin/mail", "/admin/mail/test", to="ada@example.com")
    assert off.status == 400


def test_no_line_is_added_to_a_mail_and_no_project_of_others_is_chosen(own_site: Site, sink: Sink) -> None:
    settings(own_site.administrator(), sink)
    person = own_site.person("hostile-mailed", "viewer")
    for address in ("a@example.com\r\nBcc: eve@example.com", "a@example.com,eve@example.com", "a@example.com\n"):
        reply = person.submit("/account/mail", "/account/mail/address", address=address)
        assert reply.status == 400 or "Bcc" not in reply.text
    assert all(to == ["a@example.com"] for to, _ in sink.got)
    for project in ("", "no-such"):
        reply = person.submit("/account/mail", "/account/mail/choices", project=project, **{"kind-job.failed": "yes"})
        assert reply.status == 400
    assert person.submit("/account/mail", "/account/mail/choices", project="default", **{"kind-x": "y"}).status == 400


def test_a_mail_server_that_never_ends_its_greeting_is_said_to(own_site: Site) -> None:
    admin = own_site.administrator()
    with endless_server(b"220-" + b"a" * 8000 + b"\r\n") as sink:
        settings(admin, sink)
        reply = admin.submit("/admin/mail", "/admin/mail/test", to="ada@example.com")
    assert reply.status == 400
    assert "the mail server answers with more than 64 KB" in reply.text
    assert "Mail is off" in admin.submit("/admin/mail", "/admin/mail/off").text
