"""Sources by name, as the command line and a cluster use them: a world, the scenes, or a place with videos."""

from __future__ import annotations

import importlib.util

import msgspec

from steelyard.errors import InputError, MissingDependency
from steelyard_world.data.batch import Source
from steelyard_world.data.simulated import SimulatedSource
from steelyard_world.sim.catalog import NAMES, SCENES, simulator

__all__ = ["SourceSettings", "expect_source", "is_video", "open_source"]


class SourceSettings(msgspec.Struct, frozen=True):
    """How clips are made. None means the source's own default; a setting that a source does not have is refused."""

    seed: int = 0
    batch: int | None = None
    length: int | None = None
    """Frames of a clip; those of the scenes are all of one length."""
    pool: int | None = None
    """The number of different episodes of a world."""
    stride: int | None = None
    """Of a video, take every stride-th frame."""
    side: int = 64
    """Pixels of a video's crop."""
    workers: int | None = None
    """Processes that decode videos."""


def is_video(name: str) -> bool:
    """Whether a name is that of a place with videos, not of a world or the scenes."""
    return name != SCENES and name not in NAMES


def expect_source(name: str) -> None:
    """Raise InputError where a name is neither a world, nor the scenes, nor a place with videos."""
    from steelyard_world.data.video.files import find_videos

    if not is_video(name):
        return
    try:
        find_videos(name)
    except InputError as error:
        raise _named(error, name) from None


def open_source(name: str, settings: SourceSettings) -> Source:
    """Open a source by name.

    Raises:
        InputError: Where the name is neither a world nor a place with videos, or a setting does not apply to it.
        MissingDependency: For videos without PyAV.
    """
    if is_video(name):
        return _videos(name, settings)
    if settings.stride is not None or settings.workers is not None:
        raise InputError("a stride and workers apply to videos, and this is simulated: leave them out", where=name)
    rows = {} if settings.batch is None else {"rows": settings.batch}
    if name == SCENES:
        return _scenes(settings, rows)
    length = {} if settings.length is None else {"length": settings.length}
    return SimulatedSource(simulator(name), seed=settings.seed, pool=settings.pool, **rows, **length)


def _scenes(settings: SourceSettings, rows: dict[str, int]) -> Source:
    from steelyard_world.data.scenes_source import ScenesSource
    from steelyard_world.sim.scenes.states import FRAMES

    if settings.length not in (None, FRAMES):
        raise InputError(f"clips are {FRAMES} frames long, not {settings.length}: leave the length out", where=SCENES)
    return ScenesSource(seed=settings.seed, pool=settings.pool, **rows)


def _videos(place: str, settings: SourceSettings) -> Source:
    if settings.pool is not None:
        raise InputError("a pool applies to a world or the scenes: for videos, name fewer files instead", where=place)
    if importlib.util.find_spec("av") is None:
        raise MissingDependency("videos are decoded by PyAV: pip install 'steelyard[world]'")
    from steelyard_world.data.video.source import VideoSource

    try:
        return VideoSource(
            place,
            clip_frames=settings.length or 16,
            stride=4 if settings.stride is None else settings.stride,
            size=settings.side,
            batch=settings.batch or 32,
            seed=settings.seed,
            workers=1 if settings.workers is None else settings.workers,
        )
    except InputError as error:
        raise _named(error, place) from error


def _named(error: InputError, place: str) -> InputError:
    """Add the names of the worlds to the error, where the name looks like one of them."""
    if "/" in place or "." in place or "*" in place:
        return error
    return InputError(f"{error} (a world's name would be one of {', '.join((*NAMES, SCENES))})")
