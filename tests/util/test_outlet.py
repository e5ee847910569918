"""A stream whose reader has stopped."""

from __future__ import annotations

import io
import os

from steelyard.util.outlet import Outlet


def test_it_writes_what_it_is_given() -> None:
    stream = io.StringIO()
    outlet = Outlet(stream)
    outlet.write("a")
    outlet.writelines(["b", "c"])
    outlet.flush()
    assert stream.getvalue() == "abc"
    assert outlet.isatty() is False


def test_what_nobody_reads_is_thrown_away() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", encoding="utf-8", buffering=1) as stream:
        outlet = Outlet(stream)
        assert outlet.write("a line\n") == 7
        outlet.flush()
        assert outlet.write("another\n") == 8


def test_what_was_buffered_is_thrown_away_too() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", encoding="utf-8") as stream:
        outlet = Outlet(stream)
        outlet.write("buffered")
        outlet.flush()
        outlet.flush()
