"""Encrypting a suite's items at rest, and erasing those of one subject for good."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.records.record import Record
from steelyard.suites.encrypted_rules import RULES_VAULT, boxed_rules, drop_rules, opened_rules
from steelyard.suites.exposures import EXPOSURES
from steelyard.suites.review import REVIEW, forget_texts
from steelyard.suites.twins import RULES, read_rules, rules_text
from steelyard.suites.writing import lines_of
from steelyard.tasks.suite_file import DROPPED, SAMPLES, SUITE
from steelyard.tasks.suite_images import IMAGES, box_path, boxed_image, is_box, plain_images
from steelyard.tasks.suite_seal import SEALS
from steelyard.tasks.suite_variants import VARIANTS
from steelyard.tasks.suite_vault import (
    KEY_BYTES,
    KEYS,
    VAULT,
    Vault,
    age_package,
    boxed_line,
    encrypted_keys,
    identity_path,
    key_file,
    subject_of,
)
from steelyard.util.atomic_file import write_file

if TYPE_CHECKING:
    from steelyard.tasks.suite_task import SuiteTask

__all__ = ["ERASURES", "Erasure", "decrypt_suite", "encrypt_suite", "erase_items", "files_in_plain", "new_identity"]

ERASURES: Final = "erasures.jsonl"
_WITHOUT_TEXTS: Final = frozenset((SUITE, VAULT, RULES_VAULT, ERASURES, EXPOSURES, REVIEW, ".gitignore"))
_FOLDERS: Final = frozenset((KEYS, SEALS, ".git"))
_IGNORED: Final = "# The keys of the items: in git's history they could not be erased.\n*\n"


class Erasure(Record, frozen=True, kw_only=True):
    """A subject whose items were erased: its tag, their ids and digests, and when."""

    at: str
    subject: str
    items: tuple[str, ...]
    digests: tuple[str, ...]
    reason: str = ""


def new_identity(path: Path | None = None) -> tuple[Path, str]:
    """Make a reader's key of one's own; its file and its public half. Raises InputError where one is there already."""
    path = identity_path() if path is None else path
    identity = age_package(path).x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise InputError("a key is here already and is never overwritten: give another --out", where=path) from None
    except OSError as error:
        raise InputError(f"cannot write a key here: {error.strerror}", where=path) from None
    with os.fdopen(descriptor, "w") as file:
        file.write(f"# public key: {public}\n{identity}\n")
    return path, public


def encrypt_suite(suite: SuiteTask) -> int:
    """Encrypt the items to the suite's readers; the number of keys.

    The rules of twins and the images are encrypted with their items. What was thrown out (dropped.jsonl) is deleted,
    and so are the texts in the record of reviews (review.jsonl), and rules and images of items that are no longer
    there. Of all else see :func:`files_in_plain`.

    The plain file is removed when all else is written. Raises InputError for a suite that is encrypted already, for one
    without readers or with variants, and for readers that are none.
    """
    if suite.rows.is_encrypted:
        raise InputError("is encrypted already", where=suite.folder)
    if suite.variants.lines:
        raise InputError(
            "would lie beside the encrypted items in plain: delete it first", where=suite.folder / VARIANTS
        )
    items, rules = list(suite.rows.items()), read_rules(suite.folder)
    name = suite.file.suite
    keys = {
        subject: secrets.token_bytes(KEY_BYTES) for subject in dict.fromkeys(subject_of(each, name) for each in items)
    }
    boxed = encrypted_keys(keys, suite.file.readers, suite.where)
    suite.rows.check_images()
    forget_texts(suite.folder, items)
    try:
        (suite.folder / KEYS).mkdir(mode=0o700, exist_ok=True)
        write_file(suite.folder / KEYS / ".gitignore", _IGNORED.encode())
        for subject, data in boxed.items():
            write_file(key_file(suite.folder, subject), data)
        write_file(
            suite.folder / VAULT, b"".join(boxed_line(each, name, keys[subject_of(each, name)]) for each in items)
        )
        for each in items:
            for image in each.images:
                key = keys[subject_of(each, name)]
                write_file(box_path(suite.folder, image, key), boxed_image(image, suite.rows.image(each, image), key))
        if boxed_twins := boxed_rules(rules, items, name, keys):
            write_file(suite.folder / RULES_VAULT, boxed_twins)
        (suite.folder / SAMPLES).unlink()
        (suite.folder / DROPPED).unlink(missing_ok=True)
        (suite.folder / RULES).unlink(missing_ok=True)
        for path in plain_images(suite.folder):
            path.unlink()
    except OSError as error:
        raise InputError(f"cannot write here: {error.strerror}", where=suite.folder) from None
    return len(keys)


def decrypt_suite(suite: SuiteTask) -> int:
    """Write the items in plain again, for a reader who edits them; the number of items.

    Raises InputError for a suite that is not encrypted, and where items were erased: they would be missing.
    """
    if not suite.rows.is_encrypted:
        raise InputError("is not encrypted", where=suite.folder)
    if suite.rows.erased:
        raise InputError(
            f"{len(suite.rows.erased):,} of its items were erased: make another suite of those that are left",
            where=suite.folder,
        )
    items = list(suite.rows.items())
    rules = opened_rules(suite.folder) | read_rules(suite.folder)
    if rules:
        write_file(suite.folder / RULES, rules_text(rules))
    for each in items:
        for image in each.images:
            write_file(suite.folder / IMAGES / image, suite.rows.image(each, image), 0o600)
    write_file(suite.folder / SAMPLES, lines_of(items))
    for path in (suite.folder / IMAGES).glob("*.box"):
        path.unlink()
    (suite.folder / VAULT).unlink()
    (suite.folder / RULES_VAULT).unlink(missing_ok=True)
    for path in (suite.folder / KEYS).glob("*.age"):
        path.unlink()
    return len(items)


def erase_items(suite: SuiteTask, groups: Collection[str], ids: Collection[str], reason: str = "") -> list[Erasure]:
    """Delete the keys of the subjects that have these groups or items: on record first, then for good.

    Raises InputError for a suite in plain text, of which copies and git keep everything, and for a name that no item
    has.
    """
    if not suite.rows.is_encrypted:
        raise InputError(
            "is not encrypted: copies of the folder and git's history would keep what is erased here (steelyard suite "
            "encrypt, from the beginning)",
            where=suite.folder,
        )
    by_subject, rules = _subjects(suite, groups, ids), read_rules(suite.folder)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    vault = Vault(suite.folder)
    lines, shown = {line.id: line for line in vault.lines}, {item.id: item.images for item in suite.rows.items()}
    images = [
        vault.image_box(subject, image)
        for subject, names in by_subject.items()
        for name in names
        for image in shown[name]
    ]
    erasures = [
        Erasure(
            at=now,
            subject=subject,
            items=tuple(sorted(names)),
            digests=tuple(lines[name].digest for name in sorted(names)),
            reason=reason,
        )
        for subject, names in sorted(by_subject.items())
    ]
    _record(suite.folder / ERASURES, erasures)
    drop_rules(suite.folder, rules, {name for each in erasures for name in each.items})
    for each in erasures:
        key_file(suite.folder, each.subject).unlink(missing_ok=True)
    for path in images:
        path.unlink(missing_ok=True)
    return erasures


def files_in_plain(folder: Path) -> list[str]:
    """The files in a suite's folder that encrypting and erasing leave as they are, and that may hold texts of items.

    Rubrics and templates, labels, pages of a review: names below the folder, sorted.
    """
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(
        name.as_posix()
        for name in names
        if name.as_posix() not in _WITHOUT_TEXTS and name.parts[0] not in _FOLDERS and not is_box(name)
    )


def _subjects(suite: SuiteTask, groups: Collection[str], ids: Collection[str]) -> Mapping[str, set[str]]:
    """The subjects that are named, each with all of its items."""
    items = {item.id: item for item in suite.rows.items()}
    known = {item.group for item in items.values()} - {""}
    for kind, given, there in (("group", groups, known), ("item", ids, set(items))):
        if unknown := [each for each in given if each not in there]:
            raise InputError(f"no {kind} is called {unknown[0][:80]!r}, or it was erased before", where=suite.folder)
    name = suite.file.suite
    wanted = {subject_of(item, name) for item in items.values() if item.group in groups or item.id in ids}
    found: dict[str, set[str]] = {}
    for item in items.values():
        if (subject := subject_of(item, name)) in wanted:
            found.setdefault(subject, set()).add(item.id)
    return found


def _record(path: Path, erasures: list[Erasure]) -> None:
    data: Any = b"".join(canonical(without_defaults(each)) + b"\n" for each in erasures)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror}), and nothing was erased", where=path) from None
