"""What this machine noted for the resume of a run, kept in the user's own folder of state and never in the run.

A run's folder may come from a stranger. What it said of models, addresses and the variables of keys would be followed
with this user's secrets, so nothing of the kind is read from it: the notes lie in ``$XDG_STATE_HOME/steelyard/runs/``,
under the SHA-256 of the sealed plan, and so follow a run that is moved or renamed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

import msgspec

from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.evidence.forms import is_sha256
from steelyard.records.file_options import FileOptions
from steelyard.util.atomic_file import PARTIAL

__all__ = ["LocalSettings", "read_local_settings", "settings_path", "write_local_settings"]

MAX_BYTES: Final = 1 << 20


class LocalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where models (by role), data and task files lie on this machine, and the variables of the models' keys.

    ``own_files`` says how files of questions are read and asked, ``timestamp`` is the time stamp authority's address.
    """

    models: dict[str, str] = {}
    api_key_env: dict[str, str] = {}
    data: str = ""
    tasks: tuple[str, ...] = ()
    own_files: FileOptions = FileOptions()
    timestamp: str = ""


def settings_path(plan_sha256: str) -> Path:
    """The file of a run's settings; ValueError for what is no SHA-256."""
    import platformdirs

    if not is_sha256(plan_sha256):
        raise ValueError(f"{plan_sha256[:80]!r} is not a SHA-256")
    return platformdirs.user_state_path("steelyard") / "runs" / f"{plan_sha256}.json"


def write_local_settings(plan_sha256: str, settings: LocalSettings) -> bool:
    """Note the settings, readable by their owner alone; whether that was possible (a home may be read-only)."""
    path = settings_path(plan_sha256)
    temporary = path.with_name(path.name + PARTIAL)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(canonical(without_defaults(settings)) + b"\n")
        temporary.replace(path)
    except OSError:
        return False
    return True


def read_local_settings(plan_sha256: str) -> LocalSettings | None:
    """What this user noted for the run with this plan; None where nothing was, or where others may write to the file.

    A file that is broken counts as none: the user then names the model again.
    """
    try:
        descriptor = os.open(settings_path(plan_sha256), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
                return None
            return msgspec.json.decode(file.read(MAX_BYTES), type=LocalSettings)
    except (OSError, ValueError):
        return None
