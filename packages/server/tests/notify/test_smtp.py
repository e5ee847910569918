"""Mail to a real server on loopback: TLS, passwords, refusals, and no header that a text could add."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packages.server.tests.notify.sink import Sink, endless_server, mail_sink
from steelyard.errors import InputError
from steelyard_server.endpoints.addresses import OwnPlaces
from steelyard_server.notify import smtp
from steelyard_server.notify.outbox import Outcome
from steelyard_server.notify.smtp import Letter, MailServer, check_address, message_of, send_letters

NOTHING = OwnPlaces()
LETTER = Letter("ada@example.com", "Größe: a run", "Line one\n.\nüber\n", "msg_" + "0" * 32)


def server(sink: Sink, security: str = "none", username: str = "", password: str = "") -> MailServer:
    return MailServer(
        host="127.0.0.1", port=sink.port, security=security, sender="steelyard@evals.example", username=username,
        password=password,
    )  # fmt: skip


def test_a_mail_arrives_as_plain_text_with_the_same_id_at_each_attempt() -> None:
    with mail_sink() as sink:
        assert send_letters(server(sink), [LETTER, LETTER], NOTHING) == [Outcome(status=250)] * 2
    assert [to for to, _ in sink.got] == [["ada@example.com"]] * 2
    first, second = sink.mails()
    assert first["Message-ID"] == second["Message-ID"] == f"<{LETTER.message}@evals.example>"
    assert (first["From"], first["To"], first["Subject"]) == (
        "steelyard@evals.example", "ada@example.com", "Größe: a run"
    )  # fmt: skip
    assert first.get_content_type() == "text/plain"
    assert first.get_content().splitlines() == ["Line one", ".", "über"]
    assert first["Auto-Submitted"] == "auto-generated"


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_becomes_a_header(subject: str, text: str) -> None:
    mail = message_of(Letter("ada@example.com", subject + "\r\nBcc: eve@example.com", text), "a@b.example")
    assert set(mail.keys()) == {
        "From", "To", "Subject", "Date", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"
    }  # fmt: skip
    head = mail.as_bytes().partition(b"\n\n")[0]
    assert not any(line.lower().startswith(b"bcc") for line in head.splitlines())


def test_an_address_with_a_second_line_is_refused_before_and_by_the_mail_itself() -> None:
    for each in (
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com, eve@example.com",
        "Ada <ada@example.com>",
    ):
        with pytest.raises(InputError):
            check_address(each)
    with pytest.raises(ValueError, match="linefeed"):
        message_of(Letter("ada@example.com\r\nBcc: eve@example.com", "s", "t"), "a@b.example")


@pytest.mark.parametrize(
    "address",
    [
        "", "ada", "ada@", "@example.com", "ada@example", "ada@.com", "ada@exa mple.com", "a" * 65 + "@example.com",
        "ädä@example.com", "ada@example..com", ".ada@example.com", "ada.@example.com", "ada@-example.com",
        "ada@example.com.", '"a b"@example.com', "ada@[127.0.0.1]", "a@b@example.com", "ada@example.com\0",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError):
        check_address(address)


def test_plain_addresses_are_taken() -> None:
    for each in ("ada@example.com", "ada.lovelace+evals@mail.example.co.uk", "o'hara@example.com"):
        assert check_address(each) == each


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_with_tls_it_signs_in_and_only_with_a_trusted_certificate(
    security: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = Sink(tls=certificate, is_implicit=security == "tls", login=("ada", "pass-word-7"))
    with mail_sink(sink):
        (refused,) = send_letters(server(sink, security, "ada", "pass-word-7"), [LETTER], NOTHING)
        assert "certificate is not trusted" in refused.problem
        assert sink.signed_in == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert send_letters(server(sink, security, "ada", "pass-word-7"), [LETTER], NOTHING) == [Outcome(status=250)]
        assert sink.signed_in == [("ada", "pass-word-7", True)]
        (wrong,) = send_letters(server(sink, security, "ada", "another-word"), [LETTER], NOTHING)
        assert wrong.problem == "the mail server does not take the name and password"
        assert len(sink.got) == 1


def test_where_starttls_is_not_offered_nothing_is_sent_in_clear() -> None:
    with mail_sink(Sink(login=("ada", "pass-word-7"))) as sink:
        (outcome,) = send_letters(server(sink, "starttls", "ada", "pass-word-7"), [LETTER], NOTHING)
        assert outcome.problem == "the mail server offers no STARTTLS, or takes no password"
        assert (sink.signed_in, sink.got) == ([], [])


def test_a_refusal_for_good_is_final_and_one_for_now_is_not() -> None:
    with mail_sink(Sink(refuse={"RCPT": "550 no such\x1b[31m mailbox"})) as sink:
        (outcome,) = send_letters(server(sink), [LETTER], NOTHING)
        assert (outcome.status, outcome.is_final) == (550, True)
        assert "\x1b" not in outcome.reply
        sink.refuse = {"DATA": "451 try later"}
        (outcome,) = send_letters(server(sink), [LETTER], NOTHING)
        assert (outcome.status, outcome.is_final) == (451, False)
        sink.refuse = {"MAIL": "421 closing"}
        first, second = send_letters(server(sink), [LETTER, LETTER], NOTHING)
        assert not first.is_final
        assert second.problem


def test_one_that_is_down_and_one_that_may_not_be_called_are_said_in_words() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        sink = Sink(port=closed.getsockname()[1])
        assert send_letters(server(sink), [LETTER] * 2, NOTHING)[1].problem.startswith(
            "the mail server cannot be reached"
        )
    with mail_sink() as sink:
        (outcome,) = send_letters(server(sink), [LETTER], OwnPlaces(ports=(sink.port,)))
        assert outcome.problem == "this address is not called: this is the platform itself, or its database"
        assert sink.got == []


def test_the_text_of_a_mail_server_says_no_password() -> None:
    assert "pass-word-7" not in repr(server(Sink(), "tls", "ada", "pass-word-7"))


ENDLESS = b"220-" + b"a" * 4000 + b"\r\n"


@pytest.mark.parametrize(
    ("after", "piece"),
    [
        (b"", ENDLESS),
        (b"", b"2" * 4000),
        (b"220 here\r\n", ENDLESS.replace(b"220", b"250")),
        (b"220 here\r\n250 sink\r\n250 fine\r\n", ENDLESS.replace(b"220", b"250")),
    ],
    ids=["greeting", "line", "EHLO", "recipient"],
)
def test_an_answer_that_never_ends_is_broken_off(after: bytes, piece: bytes) -> None:
    with endless_server(piece, after=after) as sink:
        for outcome in send_letters(server(sink), [LETTER, LETTER], NOTHING):
            assert outcome.status != 250
            assert outcome.problem
        (outcome,) = send_letters(server(sink), [LETTER], NOTHING)
        if b"\n" in piece:
            assert outcome.problem == "the mail server answers with more than 64 KB"


def test_an_answer_has_its_time_however_slowly_its_bytes_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "SECONDS", 0.3)
    with endless_server(b"2", pause=0.05) as sink:
        (outcome,) = send_letters(server(sink), [LETTER], NOTHING)
        assert outcome.problem.startswith("the mail server does not answer within")
    with endless_server(b"250-x\r\n", pause=0.05, after=b"220 here\r\n") as sink:
        (outcome,) = send_letters(server(sink), [LETTER], NOTHING)
        assert outcome.problem.startswith("the mail server does not answer within")


def test_all_answers_together_have_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "BEGINNING_SECONDS", 0.3)
    with endless_server(b"2", pause=0.05) as sink:
        (outcome,) = send_letters(server(sink), [LETTER], NOTHING)
        assert outcome.problem == "the mail server takes longer than 0.3 seconds"
    monkeypatch.setattr(smtp, "BEGINNING_SECONDS", 15.0)
    monkeypatch.setattr(smtp, "LETTER_SECONDS", 0.3)
    with endless_server(b"5", pause=0.05, after=b"220 here\r\n250 sink\r\n") as sink:
        (outcome,) = send_letters(server(sink), [LETTER], NOTHING)
        assert outcome.problem == "the mail server takes longer than 0.3 seconds"
