"""The floor: the least that asking can cost. A bare aiohttp loop over the same file; no journal, types or retries."""

from __future__ import annotations

import asyncio
import json
import sys

import aiohttp

__all__ = ["main"]


async def _ask_all(url: str, path: str, connections: int) -> float:
    with open(path) as lines:  # noqa: ASYNC230 - nothing else waits yet
        rows = [json.loads(line) for line in lines]
    left = iter(rows)
    right = 0
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask() -> None:
            nonlocal right
            for row in left:
                messages = [{"role": "user", "content": row["input"]}]
                body = {"model": "stub", "messages": messages, "max_tokens": 16, "temperature": 0}
                async with session.post(f"{url}/chat/completions", json=body) as reply:
                    right += (await reply.json())["choices"][0]["message"]["content"] == row["target"]

        await asyncio.gather(*(ask() for _ in range(connections)))
    return right / len(rows)


def main() -> None:
    """``python -m bench.engine.floor URL FILE CONNECTIONS``: send all requests, print the score."""
    url, path, connections = sys.argv[1:]
    print(asyncio.run(_ask_all(url, path, int(connections))))


if __name__ == "__main__":
    main()
