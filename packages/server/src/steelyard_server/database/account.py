"""The user whose rights the embedded database gets: PostgreSQL refuses to run as root."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from steelyard.errors import InputError
from steelyard_server.database.folder import DataFolder

__all__ = ["Account", "account_for", "open_for"]

_NOBODY: Final = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine. ``switch`` says whether a process must change to it, as root's must."""

    name: str
    uid: int
    gid: int
    switch: bool

    @property
    def arguments(self) -> dict[str, Any]:
        """What :class:`subprocess.Popen` takes to run as this user, without any further group."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}


def account_for(folder: DataFolder, run_as: str) -> Account:
    """Who the database of ``folder`` runs as: this process's own user; as root ``run_as``, else whose it is, or nobody.

    Raises InputError for an unknown user, for root, for another user where
    this process is not root's, and for one that does not own the database which is there.
    """
    own = os.geteuid()
    if own != 0:
        if run_as and _entry(run_as).pw_uid != own:
            raise InputError(f"--run-as {run_as}: only root can run the database as another user: leave it out")
        return Account(_name_of(own), own, os.getegid(), switch=False)
    made_by = _made_by(folder)
    entry = _entry(run_as or _NOBODY) if made_by is None or run_as else _entry_of(made_by, folder.postgres)
    if entry.pw_uid == 0:
        raise InputError("--run-as root: PostgreSQL refuses that: name an ordinary user, or leave it out")
    if made_by not in (None, entry.pw_uid):
        raise InputError(
            f"its database belongs to {_name_of(made_by)}: give --run-as that user, or leave --run-as out",
            where=folder.path,
        )
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)


def _made_by(folder: DataFolder) -> int | None:
    """Who owns the cluster; None where there is none yet. A link there is its maker's, and is refused later."""
    with contextlib.suppress(FileNotFoundError):
        return folder.cluster.lstat().st_uid
    return None


def open_for(folder: DataFolder, account: Account) -> None:
    """Let ``account`` pass through the data folder itself; nothing outside it is changed.

    Raises InputError, naming the folder, where one above is closed to that user.
    """
    if not account.switch:
        return
    mode = stat.S_IMODE(folder.path.stat().st_mode)
    if folder.path.stat().st_uid != account.uid and not mode & stat.S_IXOTH:
        folder.path.chmod(mode | stat.S_IXOTH)
    groups = {account.gid}
    for above in reversed(folder.path.parents):
        found = above.stat()
        needed = (
            stat.S_IXUSR if found.st_uid == account.uid else stat.S_IXGRP if found.st_gid in groups else stat.S_IXOTH
        )
        if not found.st_mode & needed:
            raise InputError(
                f"the database runs as {account.name}, who may not enter {above}: give --data a folder that is open to "
                "that user, such as /var/lib/steelyard, or name another user with --run-as",
                where=folder.path,
            )


def _entry(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise InputError(f"--run-as {name}: there is no such user on this machine") from None


def _entry_of(uid: int, where: Path) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        # A container's volume may belong to a number without a name.
        return pwd.struct_passwd((str(uid), "x", uid, _group_of(where), "", "/", "/bin/false"))


def _group_of(where: Path) -> int:
    gid = where.stat().st_gid
    return gid if gid != 0 else grp.getgrnam("nogroup").gr_gid


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
