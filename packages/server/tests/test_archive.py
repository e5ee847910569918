"""The reader of archives: what ours and GNU tar write, and what a stranger may send."""

from __future__ import annotations

import gzip
import io
import subprocess
import tarfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.evidence import layout
from steelyard_server.archive import BLOCK, MAX_AFTER_END, Limits, Unpacker, is_accepted, packed
from testkit.repository import ROOT

GOLDEN = ROOT / "tests" / "assets" / "golden"


def unpack(
    data: bytes, folder: Path, *, piece: int = 1000, compressed: bool = True, limits: Limits | None = None
) -> Unpacker:
    folder.mkdir(exist_ok=True)
    unpacker = Unpacker(folder, limits or Limits(), compressed=compressed)
    try:
        for start in range(0, len(data), piece):
            unpacker.feed(data[start : start + piece])
        unpacker.finish()
    finally:
        unpacker.close()
    return unpacker


def tar_of(*entries: tuple[tarfile.TarInfo, bytes], format_: int = tarfile.GNU_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format_) as file:
        for entry, data in entries:
            entry.size = len(data)
            file.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def same(one: Path, other: Path) -> bool:
    names = [*layout.run_files(one)]
    return names == [*layout.run_files(other)] and all(
        (one / n).read_bytes() == (other / n).read_bytes() for n in names
    )


@pytest.mark.parametrize("piece", [1, 511, 513, 1 << 20])
def test_a_packed_run_comes_out_as_it_was(piece: int, tmp_path: Path) -> None:
    data = b"".join(packed(GOLDEN))
    unpacker = unpack(data, tmp_path / "run", piece=piece)
    assert same(GOLDEN, tmp_path / "run")
    assert unpacker.files == [*layout.run_files(GOLDEN)]


def test_what_gnu_tar_writes_comes_out_too(tmp_path: Path) -> None:
    long_name = layout.samples_of("m" * 121)
    run = tmp_path / "run"
    (run / "samples").mkdir(parents=True)
    (run / long_name).write_text("0" * 64 + "\n")
    (run / "bundle.dsse.json").write_text("{}")
    data = subprocess.run(["tar", "-C", run, "--format=gnu", "-cf", "-", "."], capture_output=True, check=True).stdout
    assert sorted(unpack(data, tmp_path / "out", compressed=False).files) == ["bundle.dsse.json", long_name]
    assert same(run, tmp_path / "out")
    assert same(run, unpack(b"".join(packed(run)), tmp_path / "ours").folder)


def link(name: str, kind: bytes, target: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (link("report.md", tarfile.SYMTYPE, "/etc/passwd"), "not a regular file"),
        (link("report.md", tarfile.LNKTYPE, "plan.dsse.json"), "not a regular file"),
        (link("report.md", tarfile.CHRTYPE, ""), "not a regular file"),
        (link("report.md", tarfile.FIFOTYPE, ""), "not a regular file"),
        (link("elsewhere", tarfile.DIRTYPE, ""), "folder that no run has"),
        (link("samples/deeper", tarfile.DIRTYPE, ""), "folder that no run has"),
        *((tarfile.TarInfo(name), "no run has") for name in (
            "../report.md", "/report.md", "samples/../../x.txt", "samples/a/b.txt", "report.md\x01", "index.db",
            "journal/../plan.dsse.json", "media/x", "réport.md", ".bundle.dsse.json.tmp", "texts/", "con",
        )),
    ],
)  # fmt: skip
def test_what_no_run_has_is_refused_and_nothing_is_written_outside(
    entry: tarfile.TarInfo, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        unpack(tar_of((entry, b"")), tmp_path / "in", compressed=False)
    assert [*tmp_path.iterdir()] == [tmp_path / "in"]
    assert [each for each in (tmp_path / "in").rglob("*") if each.is_file()] == []


def test_extended_headers_are_refused(tmp_path: Path) -> None:
    entry = tarfile.TarInfo("report.md")
    entry.pax_headers = {"comment": "x" * 100}
    with pytest.raises(InputError, match="not a regular file"):
        unpack(tar_of((entry, b""), format_=tarfile.PAX_FORMAT), tmp_path / "in", compressed=False)


def test_bounds_of_size_number_and_one_file(tmp_path: Path) -> None:
    two = tar_of((tarfile.TarInfo("report.md"), b"x" * 600), (tarfile.TarInfo("report.json"), b"y" * 600))
    with pytest.raises(InputError, match="more than 1 files"):
        unpack(two, tmp_path / "a", compressed=False, limits=Limits(files=1))
    with pytest.raises(InputError, match="more than"):
        unpack(two, tmp_path / "b", compressed=False, limits=Limits(size=1000))
    with pytest.raises(InputError, match="twice"):
        unpack(tar_of(*((tarfile.TarInfo("report.md"), b"x"),) * 2), tmp_path / "c", compressed=False)
    huge = tarfile.TarInfo("timestamp.tsr")
    huge.size = 1 << 30
    with pytest.raises(InputError, match="is larger than"):
        unpack(huge.tobuf(tarfile.GNU_FORMAT), tmp_path / "d", compressed=False)


def test_a_bomb_is_refused_as_soon_as_its_header_is_read(tmp_path: Path) -> None:
    bomb = tarfile.TarInfo("scores.jsonl")
    bomb.size = 8 << 30
    data = gzip.compress(bomb.tobuf(tarfile.GNU_FORMAT) + bytes(4 << 20))
    with pytest.raises(InputError):
        unpack(data, tmp_path / "in", limits=Limits(size=1 << 20))
    assert [*(tmp_path / "in").iterdir()] == []


def test_a_stream_that_is_cut_off_or_goes_on_is_refused(tmp_path: Path) -> None:
    data = b"".join(packed(GOLDEN))
    with pytest.raises(InputError, match="cut off"):
        unpack(data[:-20], tmp_path / "a")
    with pytest.raises(InputError, match="goes on"):
        unpack(data + b"more", tmp_path / "b")
    plain = gzip.decompress(data)
    with pytest.raises(InputError, match="goes on"):
        unpack(plain + b"x" * 512, tmp_path / "c", compressed=False)
    assert unpack(plain + bytes(9216), tmp_path / "d", compressed=False).files
    with pytest.raises(InputError, match="not gzip"):
        unpack(plain, tmp_path / "e")
    with pytest.raises(InputError, match="cut off"):
        unpack(b"", tmp_path / "f", compressed=False)


def test_what_unpacks_to_nothing_has_a_bound_too(tmp_path: Path) -> None:
    """A megabyte of gzip is a gigabyte of zeros after the end, or of folders' headers: neither writes a byte."""
    plain = gzip.decompress(b"".join(packed(GOLDEN)))
    assert unpack(plain + bytes(MAX_AFTER_END - 512), tmp_path / "a", piece=1 << 16, compressed=False).files
    zeros = gzip.compress(plain + bytes(MAX_AFTER_END + 512))
    with pytest.raises(InputError, match="1 MB of zeros after its end"):
        unpack(zeros, tmp_path / "c")
    for name in ("samples", "samples/", "./", "."):
        folder = link(name, tarfile.DIRTYPE, "")
        with pytest.raises(InputError, match="twice"):
            unpack(tar_of((folder, b""), (folder, b"")), tmp_path / "d", compressed=False)
    long_name = tarfile.TarInfo("samples/" + "m" * 121 + ".txt").tobuf(tarfile.GNU_FORMAT)[: 2 * BLOCK]
    with pytest.raises(InputError, match="name that no run has"):
        unpack(long_name * 2, tmp_path / "e", compressed=False)


SMALL = tar_of((tarfile.TarInfo("report.md"), b"some text"), (tarfile.TarInfo("scores.jsonl"), b"{}\n"))


@given(place=st.integers(0, 1600), replaced=st.binary(min_size=1, max_size=40))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_other_bytes_are_refused_or_give_files_of_a_run(
    place: int, replaced: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("in")
    data = SMALL[:place] + replaced + SMALL[place + len(replaced) :]
    with suppress(InputError):
        unpack(data, folder, compressed=False, limits=Limits(size=10_000, files=5))
    found = [each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()]
    assert all(map(is_accepted, found))


def test_a_run_that_is_still_written_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "report.md").write_bytes(b"x" * 2_000_000)
    pieces = packed(tmp_path)
    next(pieces)
    with (tmp_path / "report.md").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(InputError, match="still being written"):
        list(pieces)
