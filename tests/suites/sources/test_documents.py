"""Tests for the documents of a folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.suites.sources import documents
from steelyard.suites.sources.documents import is_document, read_document, read_documents
from testkit.made_files import docx_bytes, pdf_bytes, write

LINE = "A line of text that is long enough."


def test_five_pdfs_and_two_word_documents(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path / "docs" / f"{number}.pdf", pdf_bytes([[f"{LINE} It is the file with number {number}."]]))
    for number in range(2):
        write(tmp_path / "docs" / "word" / f"{number}.DOCX", docx_bytes([f"{LINE} {number}"]))
    names: list[str] = []
    read = read_documents([tmp_path / "docs"], names.append)
    expected = ["0.pdf", "1.pdf", "2.pdf", "3.pdf", "4.pdf", "word/0.DOCX", "word/1.DOCX"]
    assert [document.name for document in read.documents] == names == expected
    assert read.skipped == ()
    first = read.documents[0]
    assert first.sha256 == hashlib.sha256((tmp_path / "docs" / "0.pdf").read_bytes()).hexdigest()
    assert (first.kind, first.pages) == ("pdf", (f"{LINE} It is the file with number 0.",))


def test_what_is_skipped_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    outside = write(tmp_path / "outside.txt", "A secret.")
    write(folder / "a.txt", LINE)
    write(folder / "b.md", LINE)  # the same bytes
    write(folder / "c.xyz", LINE)
    write(folder / "d.pdf", pdf_bytes([[LINE]], encrypted=True))
    write(folder / ".git" / "e.txt", "hidden")
    write(folder / "sub" / "f.txt", "")
    (folder / "g.txt").symlink_to(outside)
    (folder / "h.txt").symlink_to("h.txt")
    (folder / "i").symlink_to(tmp_path)
    os.mkfifo(folder / "j.txt")
    read = read_documents([folder])
    assert [document.name for document in read.documents] == ["a.txt"]
    assert {each.name: each.reason for each in read.skipped} == {
        "b.md": "is the same file as a.txt",
        "c.xyz": "is of a kind that is not read",
        "d.pdf": "has a password: save a copy without one",
        "g.txt": "is a link out of the folder, which is not followed",
        "h.txt": "is a link that leads nowhere",
        "i": "is a link to a folder, which is not followed",
        "j.txt": "is no regular file",
        "sub/f.txt": "is empty",
    }


def test_a_link_within_the_folder_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "b.txt", LINE)
    (tmp_path / "a.txt").symlink_to("b.txt")
    read = read_documents([tmp_path])
    assert [document.name for document in read.documents] == ["a.txt"]
    assert read.skipped[0].reason == "is the same file as a.txt"


def test_names_are_unique(tmp_path: Path) -> None:
    for folder in ("one/docs", "two/docs"):
        write(tmp_path / folder / "a.txt", f"{LINE} {folder}")
    paths = [tmp_path / "one" / "docs", tmp_path / "two" / "docs", write(tmp_path / "b.txt", f"{LINE} b")]
    paths += [write(tmp_path / "x" / "b.txt", f"{LINE} again")]
    names = [document.name for document in read_documents(paths).documents]
    assert names == ["docs/a.txt", "docs-2/a.txt", "b.txt", "b-2.txt"]


def test_a_file_that_is_named_must_be_readable(tmp_path: Path) -> None:
    good, bad = write(tmp_path / "a.txt", LINE), write(tmp_path / "b.txt", b"\0")
    assert len(read_documents([good]).documents) == 1
    for path, message in (
        (bad, "is no text"),
        (tmp_path / "c.txt", "cannot be read"),
        (tmp_path / "d.x", "is no docu"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            read_documents([good, path])
        assert str(caught.value).startswith(f"{path}: ")


def test_no_document_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is none of a known kind \(\.pdf"):
        read_documents([tmp_path])
    write(tmp_path / "a.md", "   \n")
    with pytest.raises(InputError, match=r"no document can be read \(a\.md: holds no text\)"):
        read_documents([tmp_path])


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.txt", LINE)
    write(tmp_path / "b.txt", LINE + "!")
    monkeypatch.setattr(documents, "MAX_FILES", 1)
    with pytest.raises(InputError, match="more than 1 files"):
        read_documents([tmp_path])
    monkeypatch.setattr(documents, "MAX_BYTES", 3)
    with pytest.raises(InputError, match="is larger than"):
        read_document(path)


def test_kinds_by_name() -> None:
    assert is_document(Path("a.PDF"))
    assert not is_document(Path("a.csv"))
