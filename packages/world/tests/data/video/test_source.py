"""The batch of a step depends on seed and step alone, whatever the workers, whichever files are broken."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench.vjepa.films import write_film, write_frames
from steelyard.errors import InputError
from steelyard_world.data.video.source import VideoSource

SMALL: dict[str, Any] = {"clip_frames": 4, "stride": 2, "size": 32, "batch": 4, "seed": 3}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good films of two sizes, one of varying size, and four that give no clip."""
    folder = tmp_path_factory.mktemp("films")
    for number, motion in enumerate(("east", "north", "west")):
        write_film(folder / f"{motion}.mp4", motion, 0, frames=12, side=48 + 16 * number)
    one, two = folder / "one.ts", folder / "two.ts"
    for path, side in ((one, 48), (two, 64)):
        write_frames(path, (np.full((side, side, 3), 90, np.uint8) for _ in range(8)), codec="mpeg2video", rate=25)
    (folder / "varying.ts").write_bytes(one.read_bytes() + two.read_bytes())
    for path in (one, two):
        path.unlink()
    whole = (folder / "east.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    write_film(folder / "short.mp4", "south", 0, frames=3)
    return folder


def test_workers_steps_before_and_a_new_source_change_nothing(films: Path) -> None:
    here = VideoSource(films, workers=0, **SMALL)
    beside = VideoSource(films, workers=2, **SMALL)
    try:
        batches = [here.batch(step).frames for step in range(4)]
        assert batches[0].shape == (4, 4, 32, 32, 3)
        assert batches[0].dtype == torch.uint8
        for step in (2, 3, 0, 1):
            assert torch.equal(batches[step], beside.batch(step).frames)
        assert not torch.equal(batches[0], batches[1])
        assert here.description == beside.description
    finally:
        beside.close()


def test_cpu_seconds_of_all_decoding_processes_are_summed(films: Path) -> None:
    here, beside = (VideoSource(films, workers=workers, **SMALL) for workers in (0, 2))
    try:
        assert here.cpu_seconds == 0  # it is the caller's own
        examined = beside.cpu_seconds
        assert examined > 0
        beside.batch(0)
        assert beside.cpu_seconds > examined
    finally:
        beside.close()


def test_what_changes_the_clips_is_in_the_description(films: Path) -> None:
    told = [
        VideoSource(films, workers=0, **SMALL | changed).description for changed in ({}, {"batch": 2}, {"flip": True})
    ]
    assert [(each["rows"], each["flip"]) for each in told] == [("4", "no"), ("2", "no"), ("4", "yes")]


def test_ranks_take_their_rows_of_the_same_batch(films: Path) -> None:
    source = VideoSource(films, workers=0, **SMALL)
    whole = source.batch(5).frames
    for rank in range(2):
        assert torch.equal(whole[rank::2], source.batch(5, slice(rank, None, 2)).frames)


def test_what_gives_no_clip_is_skipped_counted_and_named(films: Path) -> None:
    source = VideoSource(films, workers=0, **SMALL)
    assert [Path(skipped.path).name for skipped in source.skipped] == ["cut.mp4", "empty.mp4", "noise.mp4", "short.mp4"]
    assert source.summary().startswith("4 videos; 4 skipped: cut.mp4 (")
    assert source.summary().endswith("and 1 more")
    assert dict(source.skipped)[str(films / "short.mp4")] == "too short: 3 frames, a clip needs 7"


def test_a_file_that_breaks_later_is_replaced_by_the_same_seed(films: Path, tmp_path: Path) -> None:
    for name in ("east.mp4", "north.mp4"):
        (tmp_path / name).write_bytes((films / name).read_bytes())
    source = VideoSource(tmp_path, workers=1, **SMALL)
    try:
        (tmp_path / "north.mp4").write_bytes(b"")
        frames = source.batch(0).frames
        assert [Path(skipped.path).name for skipped in source.skipped] == ["north.mp4"]
        assert torch.equal(frames, source.batch(0).frames)
        (tmp_path / "east.mp4").write_bytes(b"")
        with pytest.raises(InputError, match="20 clips in a row could not be decoded"):
            source.batch(50)
    finally:
        source.close()


def test_all_bad_is_one_clear_line(films: Path) -> None:
    with pytest.raises(InputError, match=r"none of 2 videos can be used; the first: the file is empty") as caught:
        VideoSource([films / "empty.mp4", films / "noise.mp4"], workers=1, **SMALL)
    assert "\n" not in str(caught.value)


def test_evaluation_clips_are_the_middle_of_the_frame_in_the_files_order(films: Path) -> None:
    source = VideoSource(films, workers=0, **SMALL)
    clips = list(source.evaluation(2))
    assert [Path(clip.path).name for clip in clips[::2]] == ["east.mp4", "north.mp4", "varying.ts", "west.mp4"]
    again = list(source.evaluation(2))
    assert all(np.array_equal(one.frames, other.frames) for one, other in zip(clips, again, strict=True))


def test_each_round_takes_each_video_once(films: Path) -> None:
    source = VideoSource(films, workers=0, **SMALL)
    assert sorted(int(source._order(7)[row]) for row in range(4)) == [0, 1, 2, 3]
    assert any(not np.array_equal(source._order(0), source._order(number)) for number in range(1, 6))


def test_workers_end_with_a_closed_source_and_with_a_killed_parent(films: Path) -> None:
    program = (
        "import sys\nfrom steelyard_world.data.video.source import VideoSource\n"
        f"s = VideoSource({str(films)!r}, clip_frames=4, stride=1, size=32, batch=4, workers=2)\ns.batch(0)\n"
        "print(*[c.pid for c in s._workers._children], flush=True)\nsys.stdin.read()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdin is not None
    children = [int(word) for word in parent.stdout.readline().split()]
    assert len(children) == 2
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 20
    while any(_runs(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_runs(child) for child in children)
    parent.stdin.close()
    parent.stdout.close()


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
