"""Clips come from where they were asked for, out of whatever PyAV writes; broken files say why they give none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.vjepa.films import write_frames
from steelyard_world.data.video.crops import CENTRE
from steelyard_world.data.video.decode import ClipRequest, Undecodable, inspect_video, read_clip


def stairs(path: Path, frames: int = 40, side: tuple[int, int] = (48, 64), **how: object) -> Path:
    """A video whose frame k is grey of level 5 k, so that a frame shows its number."""
    shots = (np.full((*side, 3), 5 * index, np.uint8) for index in range(frames))
    write_frames(path, shots, **how)  # type: ignore[arg-type]
    return path


def numbers(path: Path, begin: float, frames: int = 4, stride: int = 1) -> list[int]:
    clip = read_clip(ClipRequest(str(path), begin, frames, stride, 32, CENTRE))
    assert clip.shape == (frames, 32, 32, 3)
    return [round(float(frame.mean()) / 5) for frame in clip]


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "mpeg4"), ("a.avi", "mpeg4")])
def test_a_clip_begins_at_its_time_and_takes_every_stride_th_frame(tmp_path: Path, name: str, codec: str) -> None:
    path = stairs(tmp_path / name, codec=codec)
    facts = inspect_video(path)
    assert facts.frames == 40
    assert facts.rate == pytest.approx(12, rel=0.05)
    assert numbers(path, 19.5 / 12, stride=3) == [20, 23, 26, 29]


def test_at_a_varying_frame_rate_the_frames_after_the_time_are_taken(tmp_path: Path) -> None:
    times = [index if index < 20 else 20 + 5 * (index - 20) for index in range(40)]
    path = stairs(tmp_path / "varying.mkv", codec="mpeg4", times=times)
    assert inspect_video(path).frames == 40
    assert numbers(path, 24.5 / 12) == [21, 22, 23, 24]


def test_where_too_few_frames_follow_a_clip_begins_earlier(tmp_path: Path) -> None:
    path = stairs(tmp_path / "short.mp4", frames=10)
    assert numbers(path, 9 / 12, frames=4)[-1] <= 9
    with pytest.raises(Undecodable, match="too short: a clip needs 11 frames"):
        numbers(path, 0.5, frames=11)


def test_a_file_cut_off_within_its_frames_gives_clips_of_what_is_there(tmp_path: Path) -> None:
    whole = stairs(tmp_path / "whole.mkv", codec="mpeg4").read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    assert numbers(cut, 3.2)[-1] < 30


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "the file is empty"), (b"no video at all" * 9, "cannot be decoded"), (b"\0" * 4096, "cannot be decoded")],
)
def test_a_broken_file_says_why(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(Undecodable, match=why) as caught:
        inspect_video(path)
    assert "\n" not in str(caught.value)


def test_a_sound_file_has_no_video(tmp_path: Path) -> None:
    import wave

    with wave.open(str(tmp_path / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", "none"))
        sound.writeframes(b"\0" * 8000)
    with pytest.raises(Undecodable, match="no video stream"):
        inspect_video(tmp_path / "sound.wav")
