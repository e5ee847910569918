"""Reads facts about a video file, or one clip of it. Runs in worker processes, so it does not import torch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
from av.video.reformatter import Interpolation

from steelyard.errors import SteelyardError
from steelyard_world.data.video.crops import Crop, place
from steelyard_world.sim.simulator import Frames

__all__ = ["ClipRequest", "Undecodable", "VideoFacts", "inspect_video", "read_clip"]

_USUAL_RATE = 25.0


class Undecodable(SteelyardError):
    """This file gives no clip; the message says why. Training skips, counts and names it, and goes on."""


class VideoFacts(msgspec.Struct, frozen=True):
    """Facts about a file, from its header or, where that lacks them, from a pass over its packets.

    ``seconds`` runs from the start of the first frame to the end of the last; ``rate`` is in frames a second.
    """

    frames: int
    seconds: float
    rate: float


class ClipRequest(msgspec.Struct, frozen=True):
    """One clip of ``frames`` frames, cut and resized to ``size`` × ``size`` pixels.

    It starts ``begin`` seconds after the first frame and takes every ``stride``-th frame.
    """

    path: str
    begin: float
    frames: int
    stride: int
    size: int
    crop: Crop

    @property
    def span(self) -> int:
        """Frames of the video from the clip's first to its last."""
        return (self.frames - 1) * self.stride + 1


def inspect_video(path: str | Path) -> VideoFacts:
    """Open a file, decode its first frame and give its facts; raises Undecodable."""
    if os.path.getsize(path) == 0:
        raise Undecodable("the file is empty")
    with _opened(path) as (container, stream):
        if next(iter(container.decode(stream)), None) is None:
            raise Undecodable("no frame can be decoded")
        facts = _header_facts(container, stream)
    return facts or _counted_facts(path)


def read_clip(request: ClipRequest) -> Frames:
    """Decode one clip, uint8 (frames, size, size, 3); raises Undecodable.

    Where the frame rate varies, or a file ends earlier than its header says, too few frames may follow ``begin``. The
    clip then begins at half that time, and so on down to the start of the video.
    """
    begin = request.begin
    while True:
        frames = _frames_from(request, begin)
        if len(frames) == request.frames:
            return np.stack(frames)
        if begin == 0:
            raise Undecodable(f"too short: a clip needs {request.span} frames")
        begin = begin / 2 if begin > 0.1 else 0.0


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[Any, Any]]:
    """Open a file's first video stream for one thread; every error of FFmpeg becomes Undecodable."""
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            if not container.streams.video:
                raise Undecodable("no video stream in it")
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            yield container, stream
    except (av.FFmpegError, OSError, ValueError, OverflowError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Undecodable(f"cannot be decoded ({reason})") from error


def _header_facts(container: Any, stream: Any) -> VideoFacts | None:
    seconds = 0.0
    if stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration:
        seconds = container.duration / av.time_base
    frames = int(stream.frames)
    if frames <= 0 or seconds <= 0:
        return None
    return VideoFacts(frames, seconds, frames / seconds)


def _counted_facts(path: str | Path) -> VideoFacts:
    times, frames = [], 0
    with _opened(path) as (container, stream):
        rate = float(stream.average_rate or stream.guessed_rate or _USUAL_RATE)
        for packet in container.demux(stream):
            frames += bool(packet.size)
            if packet.size and packet.pts is not None:
                times.append(float(packet.pts * packet.time_base))
    if len(times) < 2:
        return VideoFacts(frames, frames / rate, rate)
    seconds = (max(times) - min(times)) * frames / (frames - 1)
    return VideoFacts(frames, seconds, frames / seconds) if seconds > 0 else VideoFacts(frames, frames / rate, rate)


def _frames_from(request: ClipRequest, begin: float) -> list[Frames]:
    """Decode from the key frame before ``begin`` and keep the requested frames, or fewer where the file ends."""
    kept: list[Frames] = []
    with _opened(request.path) as (container, stream):
        first = float(stream.start_time * stream.time_base) if stream.start_time is not None else 0.0
        if begin > 0 and stream.time_base:
            _seek(container, stream, first + begin)
        following = 0
        for frame in container.decode(stream):
            if frame.time is not None and frame.time < first + begin:
                continue
            if following % request.stride == 0:
                kept.append(_cut(frame, request))
            following += 1
            if len(kept) == request.frames:
                break
    return kept


def _seek(container: Any, stream: Any, seconds: float) -> None:
    # Formats without an index cannot seek: they are decoded from the start, and frames before `begin` are skipped.
    try:
        container.seek(int(seconds / stream.time_base), stream=stream)
    except av.FFmpegError:
        return


def _cut(frame: Any, request: ClipRequest) -> Frames:
    """Scale a frame to RGB in one go (bilinear over the whole footprint, thus without aliases), then cut."""
    placement = place(request.crop, frame.height, frame.width, request.size)
    whole = frame.to_ndarray(
        format="rgb24", width=placement.width, height=placement.height, interpolation=Interpolation.BILINEAR
    )
    image = whole[placement.top :, placement.left :][: request.size, : request.size]
    return np.ascontiguousarray(image[:, ::-1] if request.crop.flip else image)
