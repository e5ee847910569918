"""The parent's side of the decoding processes, each driven by one thread."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import TypeVar

import msgspec
import numpy as np

from steelyard_world.data.video.decode import ClipRequest, Undecodable, VideoFacts, inspect_video, read_clip
from steelyard_world.data.video.worker import Request, WorkerReply
from steelyard_world.sim.simulator import Frames

__all__ = ["Workers"]

Result = TypeVar("Result")
_PATIENCE = 2.0  # seconds that an idle process may take to end


class Workers:
    """Runs functions that decode; with a ``count`` of 0, in the caller's thread and process."""

    def __init__(self, count: int) -> None:
        self.cpu_seconds = 0.0  # that processes of their own took, as far as they answered
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="decode") if count else None
        self._local = threading.local()
        self._children: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, function: Callable[[], Result]) -> Future[Result]:
        """Run a function, which may call :meth:`examine` and :meth:`read_clip`, beside the caller."""
        if self._pool is not None:
            return self._pool.submit(function)
        future: Future[Result] = Future()
        try:
            future.set_result(function())
        except Exception as error:  # as a pool does: the caller meets it in result()
            future.set_exception(error)
        return future

    def inspect_video(self, path: str) -> VideoFacts:
        """Give a file's facts; raises Undecodable."""
        if self._pool is None:
            return inspect_video(path)
        facts = self._ask(Request(inspect_video=path))[0].facts
        assert facts is not None
        return facts

    def read_clip(self, request: ClipRequest) -> Frames:
        """Decode a clip; raises Undecodable."""
        if self._pool is None:
            return read_clip(request)
        answer, payload = self._ask(Request(clip=request))
        assert answer.shape is not None
        return np.frombuffer(payload, np.uint8).reshape(answer.shape)

    def close(self) -> None:
        """End all processes and cancel what has not begun."""
        if self._pool is None:
            return
        with self._lock:
            self._closed = True
            children = list(self._children)
            self._children.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)
        for child in children:
            with contextlib.suppress(OSError):
                child.kill()
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_PATIENCE)
        self._pool.shutdown(wait=True)
        for child in children:
            for pipe in (child.stdin, child.stdout):
                with contextlib.suppress(OSError):
                    assert pipe is not None
                    pipe.close()

    def _ask(self, request: Request) -> tuple[WorkerReply, bytes]:
        child = self._child()
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(msgspec.json.encode(request) + b"\n")
            child.stdin.flush()
            answer = msgspec.json.decode(child.stdout.readline(), type=WorkerReply)
            length = int(np.prod(answer.shape)) if answer.shape else 0
            payload = child.stdout.read(length)
            if len(payload) != length:
                raise OSError("an answer was cut off")
            with self._lock:
                self.cpu_seconds += answer.cpu_seconds
        except (OSError, ValueError, msgspec.DecodeError) as error:
            self._forget(child)
            if self._closed:
                raise CancelledError from error
            raise Undecodable("the decoder crashed on it") from error
        if answer.problem is not None:
            raise Undecodable(answer.problem)
        return answer, payload

    def _child(self) -> subprocess.Popen[bytes]:
        child: subprocess.Popen[bytes] | None = getattr(self._local, "child", None)
        if child is not None and child in self._children:
            return child
        with self._lock:
            if self._closed:
                raise CancelledError
            # A session of its own: Ctrl-C reaches the parent alone, which then ends its workers in order.
            child = subprocess.Popen(
                [sys.executable, "-P", "-m", "steelyard_world.data.video.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
            self._children.add(child)
        self._local.child = child
        return child

    def _forget(self, child: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._children.discard(child)
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):
                assert pipe is not None
                pipe.close()
