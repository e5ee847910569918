"""Video files of moving natural textures, labelled by how the camera moves."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["MOTIONS", "make_films", "texture", "write_film", "write_frames"]

MOTIONS = ("east", "south-east", "south", "south-west", "west", "north-west", "north", "north-east")
_ROOM = 128  # side of the textures
_LONGEST = 24.0
_SPEED = 2.4  # mean pixels a frame


def texture(random: np.random.Generator, side: int = _ROOM) -> NDArray[np.float32]:
    """A colour image (side, side, 3) in 0–255 like foliage or gravel: the amplitude spectrum is flat for waves longer
    than :data:`_LONGEST` pixels and falls as 1/f, as in natural scenes, for shorter ones.

    Hard edges come from cutting one texture in two levels and filling each with another, as dead leaves do.
    """
    layers = [_noise(random, side) for _ in range(3)]
    inside = layers[0][..., :1] > random.uniform(-0.5, 0.5)
    image = np.where(inside, layers[1] + random.uniform(-1, 1, 3), layers[2] + random.uniform(-1, 1, 3))
    return np.clip(127.5 + 45 * image, 0, 255).astype(np.float32)


def write_film(
    path: Path,
    motion: str,
    seed: int,
    *,
    frames: int = 16,
    side: int = 36,
    rate: int = 12,
    codec: str = "libx264",
    picture: NDArray[np.uint8] | None = None,
) -> None:
    """Write one film of a texture, or of a picture of 128 × 128, under a motion of :data:`MOTIONS`.

    Texture, speed and angle of view are drawn by the seed.
    """
    random = np.random.default_rng([seed, MOTIONS.index(motion)])
    image = texture(random) if picture is None else picture.astype(np.float32)
    speed = _SPEED * random.uniform(0.7, 1.3)
    direction = 2 * np.pi * MOTIONS.index(motion) / len(MOTIONS)
    turn = random.uniform(0, 2 * np.pi)
    write_frames(
        path,
        (_shot(image, direction, speed * (index - frames / 2), turn, side) for index in range(frames)),
        rate=rate,
        codec=codec,
    )


def write_frames(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    *,
    rate: int = 12,
    codec: str = "libx264",
    times: Sequence[int] | None = None,
) -> None:
    """Encode frames (H, W, 3); with ``times``, in units of 1 / rate, they need not be evenly spaced."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.pix_fmt, stream.codec_context.thread_count = "yuv420p", 1
        for index, shot in enumerate(frames):
            if index == 0:
                stream.height, stream.width = shot.shape[:2]
            frame = av.VideoFrame.from_ndarray(shot, format="rgb24")
            frame.time_base = Fraction(1, rate)
            frame.pts = index if times is None else times[index]
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def make_films(folder: Path, seeds: Sequence[int], pictures: NDArray[np.uint8] | None = None, **how: int) -> Path:
    """Write a film for each motion and seed, and ``list.csv`` (path, label); gives the list's path.

    The films of a seed go over its picture (one a seed, 128 × 128 × 3) where there are any.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = folder / "list.csv"
    with listed.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label"])
        for number, seed in enumerate(seeds):
            picture = None if pictures is None else pictures[number]
            for label, motion in enumerate(MOTIONS):
                name = f"{motion}-{seed}.mp4"
                write_film(folder / name, motion, seed, picture=picture, **how)  # type: ignore[arg-type]
                rows.writerow([name, label])
    return listed


def _noise(random: np.random.Generator, side: int) -> NDArray[np.float64]:
    across, down = np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side))
    frequency = np.maximum(np.hypot(across, down), 1 / _LONGEST)[..., None]
    spectrum = np.fft.fft2(random.normal(size=(side, side, 3)), axes=(0, 1)) / frequency
    colour = np.eye(3) * 0.6 + 0.4  # channels of natural images go together
    image = np.fft.ifft2(spectrum, axes=(0, 1)).real @ colour
    normed: NDArray[np.float64] = (image - image.mean()) / image.std()
    return normed


def _shot(image: NDArray[np.float32], direction: float, travelled: float, turn: float, side: int) -> NDArray[np.uint8]:
    """The view of a camera that has gone so many pixels in a direction over a picture that is turned by ``turn``."""
    cosine, sine = np.cos(turn), np.sin(turn)
    matrix = np.array([[cosine, -sine], [sine, cosine]])
    moved = travelled * np.array([np.sin(direction), np.cos(direction)])
    offset = np.full(2, _ROOM / 2) + matrix @ (moved - (side - 1) / 2)
    planes = [
        ndimage.affine_transform(image[..., channel], matrix, offset, (side, side), order=1, mode="mirror")
        for channel in range(3)
    ]
    view: NDArray[np.uint8] = np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)
    return view
