"""A decoding process: it reads requests as JSON lines, and writes a JSON line and the clip's bytes for each.

It is a separate program (``python -m steelyard_world.data.video.worker``), not a fork: it inherits no threads and no
locks, a decoder that crashes on a hostile file ends only this process, and it ends when its input ends, so also when
its parent is killed.
"""

from __future__ import annotations

import sys
import time
from typing import IO

import msgspec

from steelyard_world.data.video.decode import ClipRequest, Undecodable, VideoFacts, inspect_video, read_clip

__all__ = ["Request", "WorkerReply", "serve"]


class Request(msgspec.Struct, frozen=True):
    """Either a file to inspect or a clip to decode."""

    inspect_video: str | None = None
    clip: ClipRequest | None = None


class WorkerReply(msgspec.Struct, frozen=True):
    """The reply to a request; the bytes of a clip of ``shape`` follow the line.

    ``problem``: why there is nothing else. ``cpu_seconds``: this process's since its last reply.
    """

    problem: str | None = None
    facts: VideoFacts | None = None
    shape: tuple[int, ...] | None = None
    cpu_seconds: float = 0.0


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer one request after the other until there are no more."""
    reported = 0.0
    for line in requests:
        answer, payload = _answer(msgspec.json.decode(line, type=Request))
        taken = time.process_time()
        answer = msgspec.structs.replace(answer, cpu_seconds=taken - reported)
        reported = taken
        answers.write(msgspec.json.encode(answer) + b"\n" + payload)
        answers.flush()


def _answer(request: Request) -> tuple[WorkerReply, bytes]:
    try:
        if request.inspect_video is not None:
            return WorkerReply(facts=inspect_video(request.inspect_video)), b""
        assert request.clip is not None
        clip = read_clip(request.clip)
    except (Undecodable, OSError) as error:
        return WorkerReply(problem=str(error)), b""
    return WorkerReply(shape=clip.shape), clip.tobytes()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
