"""The process by itself: what it reads, what it writes, and that a socket to what is refused is never made."""

from __future__ import annotations

import os
import subprocess
import sys

import msgspec

from steelyard_server.endpoints.addresses import OwnPlaces
from steelyard_server.endpoints.worker import Trial, Tried


def run(trial: Trial) -> Tried:
    command = [sys.executable, "-P", "-m", "steelyard_server.endpoints.worker", str(os.getpid())]
    done = subprocess.run(command, input=msgspec.json.encode(trial), capture_output=True, check=True)
    return msgspec.json.decode(done.stdout, type=Tried)


def test_the_check_at_the_connection_holds_where_that_of_the_host_does_not() -> None:
    """``host`` is for the words of a form; what counts is the address that is connected to."""
    uri = "openai:m@http://169.254.169.254/v1"
    found = run(Trial(uri=uri, host="127.0.0.1", port=80, key="", own=OwnPlaces(), seconds=5))
    assert "is not called: it is link-local" in found.problem


def test_a_metadata_address_is_not_called_by_its_number() -> None:
    uri = "openai:m@http://2852039166/v1"
    found = run(Trial(uri=uri, host="2852039166", port=80, key="sk-x", own=OwnPlaces(), seconds=5))
    assert "is not called" in found.problem
    assert "sk-x" not in repr(Trial(uri=uri, host="h", port=80, key="sk-x", own=OwnPlaces(), seconds=5))
