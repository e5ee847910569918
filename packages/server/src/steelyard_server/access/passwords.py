"""Passwords of local accounts, by Argon2id; who has none takes as long to refuse as who gives a wrong one."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError, SteelyardError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

__all__ = ["LEAST_LENGTH", "PasswordsBusyError", "check_new_password", "hash_password", "is_password"]

LEAST_LENGTH: Final = 12
MOST_LENGTH: Final = 1024
# Each check takes some 64 MB for a moment: many at once are a way to take all memory.
_AT_ONCE: Final = threading.BoundedSemaphore(2)
# Who waits has one of the threads that every page needs: beyond some, it is said at once.
MAX_WAITING: Final = 8
_PLACES: Final = threading.BoundedSemaphore(2 + MAX_WAITING)


class PasswordsBusyError(SteelyardError):
    """Many passwords are being checked at this moment: the same one can be tried again in some seconds."""

    def __init__(self) -> None:
        super().__init__("many people sign in at this moment: try again in some seconds")


def check_new_password(password: str, again: str, name: str) -> None:
    """Raise InputError for a password that is too short, too long, the name itself, or typed in two ways."""
    if password != again:
        raise InputError("the two passwords are not the same")
    if not LEAST_LENGTH <= len(password) <= MOST_LENGTH:
        raise InputError(
            f"a password has {LEAST_LENGTH} to {MOST_LENGTH} characters: some words in a row are a good one"
        )
    if name and name.casefold() in password.casefold() and len(password) < len(name) + 8:
        raise InputError("the password is hardly more than the name")


def hash_password(password: str) -> str:
    """The Argon2id hash, with its salt and parameters; raises PasswordsBusyError where too many wait."""
    with _turn():
        return _hasher().hash(password)


def is_password(kept: str, password: str) -> bool:
    """Whether a password is the one kept; an empty ``kept`` is never, and takes as long.

    Raises PasswordsBusyError where too many wait.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(password) > MOST_LENGTH:
        return False
    with _turn():
        try:
            _hasher().verify(kept or _of_nobody(), password)
        except (VerificationError, InvalidHashError):
            return False
    return bool(kept)


@contextmanager
def _turn() -> Iterator[None]:
    if not _PLACES.acquire(blocking=False):
        raise PasswordsBusyError
    try:
        with _AT_ONCE:
            yield
    finally:
        _PLACES.release()


@functools.cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


@functools.cache
def _of_nobody() -> str:
    from steelyard_server.access.secrets import new_secret

    return _hasher().hash(new_secret())
