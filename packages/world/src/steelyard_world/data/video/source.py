"""Training clips from video files: the batch of a step is a pure function of (seed, step)."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from steelyard.errors import InputError
from steelyard_world.data.batch import Batch
from steelyard_world.data.video.crops import CENTRE, random_crop
from steelyard_world.data.video.decode import ClipRequest, Undecodable, VideoFacts
from steelyard_world.data.video.files import find_videos, listing_digest
from steelyard_world.data.video.workers import Workers
from steelyard_world.sim.simulator import Frames

__all__ = ["EvaluationClip", "Skipped", "VideoSource"]

_DRAWS = 20  # clips tried for one row before all is given up
_NAMED = 3  # skipped files that a summary names


class Skipped(NamedTuple):
    """A file that could not be used, in whole or in part, and why."""

    path: str
    problem: str


class EvaluationClip(NamedTuple):
    """A clip without augmentation: uint8 (T, H, W, 3) from the middle of the frame."""

    path: str
    frames: Frames


class VideoSource:
    """Clips of video files, decoded a few steps ahead in separate processes.

    Every round over the videos takes each once, in an order seeded by (seed, round). Where in the video a clip begins
    and how it is cropped is seeded by (seed, step, row). So any step's batch can be made at any time, on any machine:
    a resumed training gets the same batches, and each rank of a distributed one takes its rows. A file that cannot be
    decoded is skipped (:attr:`skipped`), and its row is drawn again from the same seed.
    """

    action_size = 0

    def __init__(
        self,
        paths: str | Path | Sequence[str | Path],
        *,
        clip_frames: int = 16,
        stride: int = 4,
        size: int = 64,
        batch: int = 32,
        seed: int = 0,
        workers: int = 1,
        flip: bool = False,
        ahead: int = 2,
    ) -> None:
        """Find the videos and start the decoders.

        ``paths``: what :func:`find_videos` takes, or the videos themselves. ``stride``: take every
        stride-th frame. ``batch``: rows of a global batch. ``workers``: decoding processes; 0 decodes in this process.
        ``flip``: mirror half of the clips. ``ahead``: steps decoded in advance.

        Raises InputError where there is no video or none can be decoded.
        """
        named = find_videos(paths) if isinstance(paths, str | Path) else tuple(map(Path, paths))
        if min(clip_frames, stride, size, batch) < 1 or min(workers, ahead) < 0:
            raise InputError(
                "clip length, stride, size and batch must be at least 1, workers and steps ahead at least 0"
            )
        if not named:
            raise InputError("no video was given: name at least one file")
        self.batch_size = batch
        self._wish = (clip_frames, stride, size)
        self._seed, self._flip, self._ahead = seed, flip, ahead if workers else 0
        self._workers = Workers(workers)
        self._lock = threading.Lock()
        self._skipped: dict[str, str] = {}
        self._pending: dict[tuple[int, int], Future[Frames]] = {}
        self._round: tuple[int, np.ndarray[tuple[int], np.dtype[np.int64]]] = (-1, np.arange(0))
        try:
            self._videos = self._examine(named)
        except BaseException:
            self._workers.close()
            raise
        self.description = {
            "kind": "video",
            "videos": str(len(self._videos)),
            "skipped": str(len(self._skipped)),
            "listing": listing_digest([Path(path) for path, _ in self._videos]),
            "frames": str(sum(facts.frames for _, facts in self._videos)),
            "clip": f"{clip_frames} frames, every {stride}, {size} pixels",
            "seed": str(seed),
            "rows": str(batch),
            "flip": "yes" if flip else "no",
        }

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The files skipped so far, sorted, each once with its first problem."""
        with self._lock:
            return tuple(Skipped(path, problem) for path, problem in sorted(self._skipped.items()))

    @property
    def cpu_seconds(self) -> float:
        """CPU-seconds of the decoding processes so far; 0 without workers, as this process decodes then."""
        return self._workers.cpu_seconds

    def summary(self) -> str:
        """Give one line with the number of videos used, and those that were skipped."""
        text = f"{len(self._videos)} videos"
        if skipped := self.skipped:
            names = [f"{Path(path).name} ({problem})" for path, problem in skipped[:_NAMED]]
            more = len(skipped) - len(names)
            text += f"; {len(skipped)} skipped: {', '.join(names)}" + (f" and {more} more" if more else "")
        return text

    def batch(self, step: int, rows: slice = slice(None)) -> Batch:
        """Give these rows of the global batch of one step, and begin to decode those of the next steps.

        Raises InputError where twenty draws for one row gave no clip.
        """
        numbers = range(self.batch_size)[rows]
        for later in range(step, step + self._ahead + 1):
            for row in numbers:
                if (later, row) not in self._pending:
                    self._pending[later, row] = self._submit(later, row)
        clips = [self._pending.pop((step, row)).result() for row in numbers]
        for key in [key for key in self._pending if not step < key[0] <= step + self._ahead]:
            self._pending.pop(key).cancel()
        return Batch(torch.from_numpy(np.stack(clips)))

    def evaluation(self, positions: int = 1) -> Iterator[EvaluationClip]:
        """Give clips without augmentation, video by video: ``positions`` of each, spread evenly from start to end."""
        for path, facts in self._videos:
            for position in range(positions):
                request = self._request(path, facts, (position + 0.5) / positions)
                try:
                    frames = self._workers.submit(lambda request=request: self._workers.read_clip(request)).result()  # type: ignore[misc]
                except Undecodable as error:
                    self._skip(path, str(error))
                    continue
                yield EvaluationClip(path, frames)

    def close(self) -> None:
        """End the decoding processes."""
        self._pending.clear()
        self._workers.close()

    def _examine(self, paths: Sequence[Path]) -> list[tuple[str, VideoFacts]]:
        """Open every file once; those that give no clip are skipped. Raises InputError where all are."""
        names = [str(path) for path in paths]
        futures = [self._workers.submit(lambda name=name: self._workers.inspect_video(name)) for name in names]  # type: ignore[misc]
        frames, stride, _ = self._wish
        span = (frames - 1) * stride + 1
        good = []
        for name, future in zip(names, futures, strict=True):
            try:
                facts = future.result()
                if facts.frames < span:
                    raise Undecodable(f"too short: {facts.frames} frames, a clip needs {span}")
                good.append((name, facts))
            except (Undecodable, OSError) as error:
                self._skip(name, str(error))
        if not good:
            first = self.skipped[0]
            raise InputError(
                f"none of {len(names)} videos can be used; the first: {first.problem}. "
                "Give others, or ask for shorter clips or a smaller stride",
                where=first.path,
            )
        return good

    def _submit(self, step: int, row: int) -> Future[Frames]:
        # The order of the round is made here, by the one thread that calls batch().
        place = step * self.batch_size + row
        video = int(self._order(place // len(self._videos))[place % len(self._videos)])
        return self._workers.submit(lambda: self._draw(step, row, video))

    def _order(self, number: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        if self._round[0] != number:
            random = np.random.default_rng([self._seed, 1, number])
            self._round = (number, random.permutation(len(self._videos)))
        return self._round[1]

    def _draw(self, step: int, row: int, video: int) -> Frames:
        random = np.random.default_rng([self._seed, 0, step, row])
        for _ in range(_DRAWS):
            path, facts = self._videos[video]
            request = self._request(path, facts, random.random(), random)
            try:
                return self._workers.read_clip(request)
            except Undecodable as error:
                self._skip(path, str(error))
                problem = error
                video = int(random.integers(len(self._videos)))
        raise InputError(
            f"{_DRAWS} clips in a row could not be decoded ({problem}): check the skipped files", where=path
        )

    def _request(
        self, path: str, facts: VideoFacts, position: float, random: np.random.Generator | None = None
    ) -> ClipRequest:
        frames, stride, size = self._wish
        crop = CENTRE if random is None else random_crop(random, flip=self._flip)
        room = max(0, facts.frames - ((frames - 1) * stride + 1))
        # Half a frame earlier, so that rounding cannot skip the frame that is meant.
        begin = max(0.0, (int(position * (room + 1)) - 0.5) / facts.rate)
        return ClipRequest(path, begin, frames, stride, size, crop)

    def _skip(self, path: str, problem: str) -> None:
        with self._lock:
            self._skipped.setdefault(path, problem)
