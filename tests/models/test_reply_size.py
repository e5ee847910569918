"""Replies that would fill the memory are told by their bytes; long texts are none."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.models import reply_size
from steelyard.models.reply_size import MAX_CONTAINERS, MAX_VALUES, holds_too_much


def count(value: object) -> tuple[int, int]:
    """The commas that a value needs, and its lists and objects."""
    if not isinstance(value, list | dict):
        return 0, 0
    inner = [count(each) for each in (value.values() if isinstance(value, dict) else value)]
    return max(len(value) - 1, 0) + sum(c for c, _ in inner), 1 + sum(n for _, n in inner)


JSON = st.recursive(
    st.none() | st.text(alphabet='a",[{}\\é', max_size=9),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=3), inner, max_size=9),
)


@given(JSON, st.booleans(), st.integers(0, 12), st.integers(0, 12))
def test_what_is_counted_is_what_is_there(value: object, ascii_only: bool, values: int, containers: int) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only).encode()
    commas, lists = count(value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reply_size, "MAX_VALUES", values + 50)
        patch.setattr(reply_size, "MAX_CONTAINERS", containers)
        assert holds_too_much(data) == (commas > values + 50 or lists > containers)


@pytest.mark.parametrize(
    ("data", "too_much"),
    [
        (b"[" + b"[]," * 5_000_000 + b"[]]", True),
        (b"[" * 16_000_000, True),
        (b"[" + b"1," * MAX_VALUES + b"1,1]", True),
        (b'""' * 4_000_000 + b"," * (MAX_VALUES + 1), True),
        (b'{"a":' * (MAX_CONTAINERS + 1), True),
        (json.dumps({"content": 'a, [b], {c}, \\ " ' * 900_000}).encode(), False),
        (json.dumps({"content": "\\" * 4_000_000 + "[" * 4_000_000}).encode(), False),
        (json.dumps({"logprobs": [{"a": -0.5}] * 200_000}).encode(), False),
        (b"", False),
    ],
)
def test_bombs_and_long_texts(data: bytes, too_much: bool) -> None:
    assert holds_too_much(data) is too_much


async def lists(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    body = b"[" + b"[]," * 5_000_000 + b"[]]"
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
    await writer.drain()
    writer.close()


ASK = """
import asyncio, sys
from pathlib import Path
from steelyard.models import Settings
from steelyard.models.openai import open_openai
from steelyard.records import GenerateRequest, Outcome

async def ask():
    model = open_openai(f"m@http://127.0.0.1:{sys.argv[1]}/v1", Settings())
    output = await model.generate(GenerateRequest(prompt="x", chat=True))
    await model.close()
    return output

output = asyncio.run(ask())
print(output.outcome.value, Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0], output.detail)
"""


def test_a_reply_of_empty_lists_takes_little_memory() -> None:
    async def asked() -> str:
        async with await asyncio.start_server(lists, "127.0.0.1", 0) as server:
            port = str(server.sockets[0].getsockname()[1])
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", ASK, port, stdout=subprocess.PIPE)
            said, _ = await process.communicate()
            return said.decode()

    outcome, memory, detail = asyncio.run(asked()).split(maxsplit=2)
    assert outcome == "malformed"
    assert int(memory) < 200_000  # kilobytes
    assert "more than 1,000,000 values" in detail
