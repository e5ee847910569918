"""Texts found by digest without being held: every text of a file is found, and nothing that is not in it."""

from __future__ import annotations

import errno
import os
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError, VerificationError
from steelyard.evidence.canonical import canonical
from steelyard.storage.journal import texts as module
from steelyard.storage.journal.texts import TextIndex, Texts, open_index, read_texts
from steelyard.util.line_file import LineFile


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def written(run: Path, texts: list[str]) -> Path:
    writer = Texts(run)
    assert [writer.add(text) for text in texts] == [digest_of(text) if text else "" for text in texts]
    writer.close()
    return run / "texts" / "main-0000.jsonl"


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=60))
def test_every_text_is_found_and_nothing_else(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    run = tmp_path_factory.mktemp("run")
    lines = written(run, texts).read_bytes().splitlines()
    kept = dict.fromkeys(text for text in texts if text)
    assert lines == [canonical({"sha256": digest_of(text), "text": text}) for text in kept]
    index = open_index(run)
    expected = {digest_of(text): text for text in texts if text}
    assert dict(index) == expected
    assert len(index) == len(expected)
    for digest in (digest_of("another") if "another" not in texts else "", "", "f" * 64, "g" * 64, "é" * 64):
        assert digest not in index
        assert index.get(digest) is None


def test_a_text_that_is_written_twice_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECENT", 2)
    path = written(tmp_path, ["a", "b", "a", "c", "a", "d", "b", "a"])
    lines = [text for _, text in read_texts(tmp_path)]
    assert lines == ["a", "b", "c", "d", "b", "a"]  # what is met often stays in mind; at the end a had gone
    index = open_index(tmp_path)
    assert isinstance(index, TextIndex)
    assert (sorted(index.values()), len(index)) == (["a", "b", "c", "d"], 4)
    again = Texts(tmp_path)
    again.add("d")
    again.close()
    assert len(path.read_bytes().splitlines()) == 7
    for text in "abcd":
        begin, length = index.place_of(digest_of(text)) or (0, 0)
        assert (
            path.read_bytes()[begin : begin + length + 1]
            == f'{{"sha256":"{digest_of(text)}","text":"{text}"}}\n'.encode()
        )
    assert index.place_of("0" * 64) is None
    assert len(open_index(tmp_path)) == 4


def test_texts_longer_than_a_read(tmp_path: Path) -> None:
    texts = [f"{n}" * size for n, size in enumerate((1, 5_000, 300_000, 2_000_000))]
    written(tmp_path, texts)
    index = open_index(tmp_path)
    assert [index[digest_of(text)] for text in texts] == texts


@pytest.mark.parametrize("size", [1, 70_000, 200_000])
def test_a_torn_tail_is_cut_whatever_its_length(tmp_path: Path, size: int) -> None:
    path = written(tmp_path, ["whole", "also whole"])
    whole = path.read_bytes()
    path.write_bytes(whole + b"{" * size)
    assert len(open_index(tmp_path)) == 2
    written(tmp_path, ["next"])
    assert path.read_bytes().startswith(whole)
    assert sorted(open_index(tmp_path).values()) == ["also whole", "next", "whole"]
    path.write_bytes(b"{" * size)
    Texts(tmp_path).close()
    assert path.read_bytes() == b""


def test_a_full_disk_leaves_no_torn_line_between_whole_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = Texts(tmp_path)
    texts.add("first")
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) < 60:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[: len(data) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            texts.add("second")
    third = texts.add("third")
    texts.close()
    assert [digest for digest, _ in read_texts(tmp_path)] == [digest_of("first"), third]


def test_a_changed_text_is_found_when_it_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, ["whole", "another"])
    path.write_bytes(path.read_bytes().replace(b"whole", b"hole!"))
    index = open_index(tmp_path)
    assert index[digest_of("another")] == "another"
    with pytest.raises(VerificationError, match="byte 0: the text does not hash"):
        index[digest_of("whole")]
    for line in (
        b"[]\n",
        b'{"sha256":"12"}\n',
        b'{"sha256":"' + b"x" * 70 + b"\n",
        b'{"sha256":"\xff'.ljust(90) + b"\n",
    ):
        path.write_bytes(line)
        with pytest.raises(VerificationError, match="line 1: not a text record"):
            open_index(tmp_path)


def test_no_texts_at_all(tmp_path: Path) -> None:
    assert dict(open_index(tmp_path)) == {}


def test_lines_by_their_places(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"\none\r\n\n" + b"y" * 400_000 + b"\nlast")
    file = LineFile(path)
    lines = list(file.lines())
    assert b"".join(line for _, line in lines) == path.read_bytes()
    assert [file.line_at(place) for place, _ in lines] == [line for _, line in lines]
    assert (file.count_lines(), len(lines)) == (5, 5)
    assert file.between(1, 4) == b"one"
    file.check_unchanged()
    with pytest.raises(InputError, match="shorter"):
        file.between(400_000, 500_000)
    path.write_bytes(b"other")
    with pytest.raises(InputError, match="was changed"):
        file.check_unchanged()
    with pytest.raises(InputError, match="longer than 3 bytes"):
        list(LineFile(path, max_line=3).lines())
    with pytest.raises(InputError, match="cannot be read"):
        LineFile(tmp_path / "none")
