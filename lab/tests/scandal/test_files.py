"""Where the models' files come from: B only where somebody installed it, and never another file than it should be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scandal import files
from scandal.files import B_PACKAGE, installed_b
from steelyard.errors import MissingDependency


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of B's name that holds two parts of something else."""
    folder = tmp_path / B_PACKAGE
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from pathlib import Path\ndef chunk_paths():\n    return sorted(Path(__file__).parent.glob('*.part*'))\n"
    )
    for number, text in enumerate(("GGUF", "more")):
        (folder / f"file.part{number}").write_text(text)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, B_PACKAGE, None)  # what an earlier test imported comes back after this one
    monkeypatch.delitem(sys.modules, B_PACKAGE)
    return folder


def test_another_file_than_b_is_refused_and_nothing_is_left(package: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingDependency, match="another file than SHA-256 a5fd3b62"):
        installed_b()
    assert not list((tmp_path / "cache").rglob("*.gguf*"))


def test_the_parts_are_put_together_once(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = "f6e0a1e2ac41945a9aa7ff8a8aaa0cebc12a3bcc981a929ad5cf810a090e11ae"
    monkeypatch.setattr(files, "B_SHA256", digest)
    (package / "file.part0").write_text("1")
    (package / "file.part1").write_text("11")
    path = installed_b()
    assert path is not None
    assert path.read_text() == "111"
    (package / "file.part0").unlink()
    assert installed_b() == path
