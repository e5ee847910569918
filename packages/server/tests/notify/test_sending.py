"""Sending to real receivers on loopback: down, slow, redirecting, rebinding, saying too much."""

from __future__ import annotations

import asyncio
import json
import socket
import threading

import pytest

from packages.server.tests.endpoints.test_addresses import DnsResolver, name_server
from packages.server.tests.notify.receiver import Receiver, is_signed, receiving
from steelyard_server.endpoints.addresses import OwnPlaces
from steelyard_server.notify.outbox import Outcome
from steelyard_server.notify.sending import Parcel, send_all
from steelyard_server.notify.signing import new_signing_secret

SECRET = new_signing_secret()
BODY = json.dumps({"type": "run.verified", "data": {"project": "Größe"}}).encode()
NOTHING = OwnPlaces()


def sent(url: str, own: OwnPlaces = NOTHING, *, secrets: tuple[str, ...] = (SECRET,), seconds: float = 20.0) -> Outcome:
    host, _, port = url.split("/")[2].rpartition(":")
    parcel = Parcel(host, int(port), url, "msg_" + "0" * 32, BODY, secrets)
    (outcome,) = asyncio.run(send_all([parcel], own, seconds=seconds))
    return outcome


def answering(receiver: Receiver, status: int, body: bytes = b"", **headers: str) -> None:
    receiver.answer = lambda _: (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def test_a_receiver_gets_what_it_can_verify_by_itself() -> None:
    with receiving() as receiver:
        assert sent(f"{receiver.base}/hook?x=1") == Outcome(status=204)
        old = new_signing_secret()
        assert sent(f"{receiver.base}/hook", secrets=(SECRET, old)).problem == ""
    first, second = receiver.got
    assert (first.path, first.body) == ("/hook?x=1", BODY)
    assert first.headers["content-type"] == "application/json"
    assert first.headers["user-agent"].startswith("steelyard/")
    assert is_signed(SECRET, first.headers, first.body)
    assert not is_signed(old, first.headers, first.body)
    assert is_signed(SECRET, second.headers, second.body)
    assert is_signed(old, second.headers, second.body)
    assert not {"cookie", "authorization"} & first.headers.keys()


@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_any_2xx_is_taken(status: int) -> None:
    with receiving() as receiver:
        answering(receiver, status, b"thanks")
        assert sent(receiver.base) == Outcome(status=status, reply="thanks")


@pytest.mark.parametrize("status", [400, 401, 404, 410, 429, 500, 502, 503, 504])
def test_anything_else_is_not_and_only_gone_is_final(status: int) -> None:
    with receiving() as receiver:
        answering(receiver, status, Retry_After="120")
        outcome = sent(receiver.base)
    assert outcome == Outcome(status=status, problem=f"not taken ({status})", is_final=status == 410, wait=120)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("7", 7, 7),
        ("999999999999", 86_400, 86_400),
        ("-5", 0, 0),
        ("soon", 0, 0),
        ("1e9", 0, 0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 86_400, 86_400),
        ("Fri, 01 Jan 1999 00:00:00 GMT", 0, 0),
    ],
)
def test_retry_after_is_bounded(text: str, least: int, most: int) -> None:
    with receiving() as receiver:
        answering(receiver, 503, Retry_After=text)
        assert least <= sent(receiver.base).wait <= most


def test_one_that_is_down_slow_or_talks_nonsense_is_said_in_words() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        assert sent(url).problem.startswith("no connection")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert sent(url, seconds=0.3).problem == "no answer within 0.3 seconds"
        assert sent(url.replace("http:", "https:"), seconds=0.3).problem
    with socket.create_server(("127.0.0.1", 0)) as noise:

        def talk() -> None:
            peer, _ = noise.accept()
            with peer:
                peer.recv(10_000)
                peer.sendall(b"HTTP/1.1 banana " + SECRET.encode() + b"\r\n" + b"x" * 100_000)

        thread = threading.Thread(target=talk)
        thread.start()
        outcome = sent(f"http://127.0.0.1:{noise.getsockname()[1]}/")
        thread.join()
    assert outcome.problem.startswith("no answer that can be read")
    assert SECRET not in str(outcome)


def test_a_status_counts_although_the_text_does_not_end() -> None:
    with receiving() as receiver:
        answering(receiver, 200, b"beginning", Content_Length="1000000")
        assert sent(receiver.base) in (Outcome(status=200, reply="beginning"), Outcome(status=200))


def test_a_reply_is_cut_and_put_on_one_line() -> None:
    with receiving() as receiver:
        answering(receiver, 500, b"<script>\n\x1b[31m" + b"\xff\x00" + b"a" * 5_000)
        outcome = sent(receiver.base)
    assert len(outcome.reply) <= 200
    assert outcome.reply.isprintable() or "\ufffd" in outcome.reply
    assert "\n" not in outcome.reply
    assert "\x1b" not in outcome.reply


def test_a_redirect_is_not_followed_wherever_it_leads() -> None:
    with receiving() as receiver, receiving() as other:
        for place in (other.base, "http://169.254.169.254/latest/meta-data/", "/elsewhere"):
            for status in (301, 302, 303, 307, 308):
                answering(receiver, status, Location=place)
                assert sent(receiver.base).problem == f"a redirect, which is not followed ({status})"
        assert other.got == []
        assert {each.path for each in receiver.got} == {"/"}


def test_what_is_the_platforms_own_or_a_clouds_is_not_called() -> None:
    with receiving() as receiver:
        for own in (
            OwnPlaces(ports=(receiver.port,)),
            OwnPlaces(places=(("127.0.0.1", receiver.port),)),
            OwnPlaces(names=(("127.0.0.1", receiver.port),)),
        ):
            outcome = sent(receiver.base, own)
            assert outcome.problem == "this address is not called: this is the platform itself, or its database"
        assert sent(f"http://localhost:{receiver.port}/", OwnPlaces(ports=(receiver.port,))).status is None
        assert receiver.got == []
    assert "link-local" in sent("http://169.254.169.254:80/").problem
    assert "link-local" in sent("http://2852039166:80/").problem


def test_a_name_that_leads_elsewhere_the_second_time_is_refused_at_its_socket() -> None:
    """DNS rebinding: what the name leads to when it is connected to is what counts."""
    with receiving() as receiver:
        own = OwnPlaces(places=(("127.0.0.3", receiver.port),))
        url = f"http://rebinding.example:{receiver.port}/"
        parcel = Parcel("rebinding.example", receiver.port, url, "msg_1", BODY, (SECRET,))
        with name_server(["127.0.0.1", "127.0.0.3", "169.254.169.254", "127.0.0.1"]) as dns:

            async def four() -> list[Outcome]:
                return [(await send_all([parcel], own, resolver=DnsResolver(dns)))[0] for _ in range(4)]

            found = asyncio.run(four())
        assert [each.status for each in found] == [204, None, None, 204]
        assert all("is not called" in each.problem for each in found[1:3])
        assert len(receiver.got) == 2


def test_by_a_proxy_of_the_operators_both_its_address_and_the_host_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with receiving() as proxy:
        monkeypatch.setenv("http_proxy", proxy.base)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert sent("http://hooks.invalid:80/x").status == 204
        assert "link-local" in sent("http://169.254.169.254:80/x").problem
        assert sent("http://hooks.invalid:80/x", OwnPlaces(ports=(proxy.port,))).status is None
        assert [each.path for each in proxy.got] == ["http://hooks.invalid/x"]


def test_one_that_is_slow_keeps_no_other_waiting() -> None:
    with receiving() as slow, receiving() as quick:
        held = threading.Event()
        slow.before = lambda _: (held.wait(30), None)[1]
        quick.before = lambda _: held.set()
        parcels = [
            Parcel("127.0.0.1", each.port, each.base, f"msg_{number}", BODY, (SECRET,))
            for number, each in enumerate((slow, quick))
        ]
        assert [each.status for each in asyncio.run(send_all(parcels, NOTHING))] == [204, 204]
