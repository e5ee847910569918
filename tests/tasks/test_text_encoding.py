"""The encoding of a table, from its bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.tasks.text_encoding import encoding_of, read_text

GERMAN = "Ich möchte den Tarif verlängern; „sofort“ – für größere Beträge. Übermorgen’s Äpfel: ¿Où? cœur, 5 €"


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("cp1252", "cp1252"),
        ("mac_roman", "mac_roman"),
    ],
)
def test_encodings(encoding: str, found: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(GERMAN.encode(encoding))
    assert encoding_of(path) == found
    assert read_text(path, found) == GERMAN


@pytest.mark.parametrize("text", ["It’s the user’s – “really” … 5 € off", "Šimek", "cœur et sœur", "Žižek é à ü"])
def test_marks_of_windows_are_no_letters_of_a_mac(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes((text + " " + "für " * 5).encode("cp1252"))
    assert encoding_of(path) == "cp1252"
