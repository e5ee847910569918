from __future__ import annotations

import http.client
import socket
import time
from contextlib import closing
from urllib.parse import urlsplit

from packages.server.tests.site import Site
from steelyard_server.web.bodies import GRACE_SECONDS, LEAST_RATE, MAX_FORM, _seconds_left


def test_a_form_has_a_bound_stated_or_not(site: Site) -> None:
    client = site.administrator()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": site.base}
    assert client.ask("POST", "/sign-in", b"x" * (MAX_FORM + 1), headers).status == 413
    pieces = (b"x" * 1000 for _ in range(MAX_FORM // 1000 + 5))
    cookie = f"steelyard-form={client.cookies['steelyard-form']}"
    with closing(http.client.HTTPConnection(urlsplit(site.base).netloc)) as connection:
        connection.request("POST", "/sign-in", pieces, {**headers, "Cookie": cookie}, encode_chunked=True)
        assert connection.getresponse().status == 413


def test_a_length_that_is_no_number_is_refused(site: Site) -> None:
    address = urlsplit(site.base)
    with socket.create_connection((address.hostname, address.port)) as connection:
        head = f"POST /sign-in HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 99999999999\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 413")


def test_a_push_may_take_long_but_not_stand_still() -> None:
    long_ago = time.monotonic() - 3600
    assert _seconds_left(long_ago, 0, is_push=True) == 0
    assert _seconds_left(long_ago, 3600 * LEAST_RATE, is_push=True) > GRACE_SECONDS / 2
    assert _seconds_left(long_ago, 10**9, is_push=False) == 0
