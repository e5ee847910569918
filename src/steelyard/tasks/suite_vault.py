"""Encryption of a suite at rest: one key for each subject, which only the suite's readers can open.

``samples.vault.jsonl`` takes the place of ``samples.jsonl``: each line has an item's id, its digest, its subject's tag
and the item itself, sealed by AES-256-GCM under the subject's key. A file in ``keys`` is that key, encrypted (age) to
each *reader*. A subject is what an item belongs to (its group: a person, a document), else the item alone. Whoever
deletes a subject's key has erased its items, wherever copies of the folder are: digests stay, so that seals and runs
verify.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.errors import InputError, MissingDependency
from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.records import SuiteItem
from steelyard.records.record import Record
from steelyard.tasks.file_rows import JsonlRows, Row
from steelyard.tasks.suite_images import box_path, opened_image

if TYPE_CHECKING:
    import pyrage

__all__ = [
    "KEYS",
    "VAULT",
    "Boxed",
    "Vault",
    "age_package",
    "boxed",
    "boxed_line",
    "encrypted_keys",
    "identity_path",
    "item_digest",
    "key_file",
    "recipients_of",
    "subject_of",
]

VAULT: Final = "samples.vault.jsonl"
KEYS: Final = "keys"
KEY_BYTES, NONCE_BYTES = 32, 12
IDENTITY: Final = "STEELYARD_READER"  # the variable that names the file of a reader's own key
_MAX_FILE: Final = 1_000_000


class Boxed(Record, frozen=True, kw_only=True):
    """One line of the vault: an item that is sealed under its subject's key (nonce and box in Base64).

    ``digest`` is the item's; a rule of twins, which is boxed beside the items, has none.
    """

    id: str
    subject: str
    nonce: str
    box: str
    digest: str = ""


def item_digest(item: SuiteItem) -> str:
    """The SHA-256 of an item in canonical form."""
    return sha256(canonical(without_defaults(item))).hexdigest()


def subject_of(item: SuiteItem, suite: str) -> str:
    """The tag of what an item belongs to: it says nothing without the suite's own name for it."""
    return sha256(canonical({"suite": suite, "subject": item.group or f"item {item.id}"})).hexdigest()[:24]


def identity_path() -> Path:
    """The file of the user's own reader's key: ``$STEELYARD_READER``, or ``reader.txt`` in the user's configuration."""
    if os.environ.get(IDENTITY):
        return Path(os.environ[IDENTITY])
    import platformdirs

    return platformdirs.user_config_path("steelyard") / "reader.txt"


def recipients_of(readers: Sequence[str], where: Path) -> list[pyrage.x25519.Recipient]:
    """The public keys of a suite's readers; raises InputError for one that is none."""
    age, found = age_package(where), []
    for each in readers:
        try:
            found.append(age.x25519.Recipient.from_str(each))
        except (age.RecipientError, ValueError):
            raise InputError(f"readers: {each[:80]!r} is no public key of age (age1…)", where=where) from None
    if not found:
        raise InputError("names no readers: add the public keys of those who may read it (age1…)", where=where)
    return found


def boxed_line(item: SuiteItem, suite: str, key: bytes) -> bytes:
    """An item as a line of the vault."""
    plain = canonical(without_defaults(item))
    return boxed(item.id, subject_of(item, suite), plain, key, about=item.id, digest=item_digest(item))


def boxed(name: str, subject: str, plain: bytes, key: bytes, *, about: str, digest: str = "") -> bytes:
    """A line of a vault; ``about`` says what its plain text is of, so that no box opens in another's place."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(NONCE_BYTES)
    box = AESGCM(key).encrypt(nonce, plain, about.encode())
    line = Boxed(
        id=name,
        digest=digest,
        subject=subject,
        nonce=base64.b64encode(nonce).decode(),
        box=base64.b64encode(box).decode(),
    )
    return canonical(without_defaults(line)) + b"\n"


class Vault:
    """A vault in a suite's folder: its lines, and those of its items whose key is still there.

    Raises InputError, with the line, for what is no vault, and where the user's key opens none of it.
    """

    def __init__(self, folder: Path, name: str = VAULT) -> None:
        self.folder, self.path = folder, folder / name
        self.lines: list[Boxed] = []
        self._numbers: list[int] = []
        self._keys: dict[str, bytes | None] = {}
        JsonlRows(self.path, self._look)
        if not self.lines:
            raise InputError("has no items", where=self.path)

    def _look(self, row: Row, number: int) -> None:
        try:
            self.lines.append(msgspec.convert(row, Boxed))
        except msgspec.ValidationError as error:
            raise InputError(f"is no line of a vault: {error}", where=self.path, line=number) from None
        self._numbers.append(number)

    def items(self) -> Iterator[tuple[int, Boxed, SuiteItem | None]]:
        """The number of each line, the line, and its item; None for an item whose subject was erased."""
        for number, line in zip(self._numbers, self.lines, strict=True):
            yield number, line, self._item(line, number)

    def texts(self, about: str) -> Iterator[tuple[int, Boxed, bytes]]:
        """The number of each line, the line, and its plain text, boxed about ``about`` and its id; no erased ones."""
        for number, line in zip(self._numbers, self.lines, strict=True):
            plain = self._plain(line, number, f"{about} {line.id}")
            if plain is not None:
                yield number, line, plain

    def image(self, subject: str, name: str) -> bytes:
        """The bytes of an image that an item of this subject shows, which is not erased; raises InputError."""
        return opened_image(self.folder, name, self._key_there(subject))

    def image_box(self, subject: str, name: str) -> Path:
        """Where that image is, encrypted."""
        return box_path(self.folder, name, self._key_there(subject))

    def _key_there(self, subject: str) -> bytes:
        key = self._key(subject)
        assert key is not None, "an item of an erased subject cannot be read, nor what it shows"
        return key

    def _plain(self, line: Boxed, number: int, about: str) -> bytes | None:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if (key := self._key(line.subject)) is None:
            return None
        try:
            nonce, box = base64.b64decode(line.nonce, validate=True), base64.b64decode(line.box, validate=True)
            return AESGCM(key).decrypt(nonce, box, about.encode())
        except (InvalidTag, ValueError):
            raise InputError("was changed since it was encrypted", where=self.path, line=number) from None

    def _item(self, line: Boxed, number: int) -> SuiteItem | None:
        if (plain := self._plain(line, number, line.id)) is None:
            return None
        try:
            item = msgspec.json.decode(plain, type=SuiteItem)
        except (ValueError, msgspec.MsgspecError):
            raise InputError("was changed since it was encrypted", where=self.path, line=number) from None
        if (item.id, item_digest(item)) != (line.id, line.digest):
            raise InputError("holds another item than it says", where=self.path, line=number)
        return item

    def _key(self, subject: str) -> bytes | None:
        if subject not in self._keys:
            self._keys[subject] = self._opened(subject)
        return self._keys[subject]

    def _opened(self, subject: str) -> bytes | None:
        path = key_file(self.folder, subject)
        if not path.is_file():
            return None
        with path.open("rb") as file:
            data = file.read(_MAX_FILE)
        age = age_package(path)
        try:
            key: bytes = age.decrypt(data, [self._identity])
        except (age.DecryptError, ValueError):
            raise InputError(f"cannot be opened with your key ({identity_path()})", where=path) from None
        return key

    @cached_property
    def _identity(self) -> Any:
        path = identity_path()
        age = age_package(self.folder)
        try:
            with path.open("rb") as file:
                text = file.read(_MAX_FILE).decode()
        except (OSError, UnicodeDecodeError):
            raise InputError(
                f"is encrypted, and your key is not at {path}: name it in {IDENTITY}, or make one with steelyard suite "
                "reader",
                where=self.folder,
            ) from None
        lines = [line for line in text.splitlines() if line.startswith("AGE-SECRET-KEY-")]
        try:
            return age.x25519.Identity.from_str(lines[0])
        except (IndexError, age.IdentityError, ValueError):
            raise InputError("holds no secret key of age", where=path) from None


def key_file(folder: Path, subject: str) -> Path:
    """Where the key of a subject is; its name says nothing of the subject."""
    return folder / KEYS / f"{sha256(subject.encode()).hexdigest()[:32]}.age"


def encrypted_keys(keys: Mapping[str, bytes], readers: Sequence[str], where: Path) -> dict[str, bytes]:
    """The subjects' keys, each encrypted to every reader; raises InputError for a reader that is none."""
    recipients = recipients_of(readers, where)
    age = age_package(where)
    return {subject: age.encrypt(key, recipients) for subject, key in keys.items()}


def age_package(where: Path) -> Any:
    """The package that speaks age; raises MissingDependency without it."""
    try:
        import pyrage
    except ImportError:
        raise MissingDependency(
            "is encrypted, or to be: that needs pyrage: pip install 'steelyard[suites]'", where=where
        ) from None
    return pyrage
