from __future__ import annotations

import base64
from pathlib import Path

import pytest

from packages.server.tests.access.folk import FACTS, Folk
from packages.server.tests.suites.yard import caller_of
from steelyard.errors import InputError
from steelyard.suites.encrypting import new_identity
from steelyard.suites.reader_proof import opened_proof
from steelyard_server.suites.reading import MAX_KEYS, ReaderKeys, may_read


def test_without_readers_it_is_the_projects_and_with_some_it_is_theirs() -> None:
    assert may_read((), ())
    assert may_read(("a", "b"), ("b",))
    assert not may_read(("a", "b"), ("c",))
    assert not may_read(("a",), ())


def test_a_key_is_ones_own_when_what_was_encrypted_to_it_was_opened(folk: Folk, tmp_path: Path) -> None:
    caller, other, keys = caller_of(folk), caller_of(folk), ReaderKeys(folk.pool)
    path, public = new_identity(tmp_path / "reader.txt")
    challenge = keys.ask(caller, public, FACTS)
    assert keys.confirmed(caller.person) == frozenset()
    code = opened_proof(challenge, path)
    for who, typed in ((caller, "x"), (caller, ""), (other, code)):
        with pytest.raises(InputError, match="this is not what the text holds"):
            keys.confirm(who, typed, FACTS)
    keys.confirm(caller, f" {code}\n", FACTS)
    assert keys.confirmed(caller.person) == {public}
    assert keys.owners([public, "age1other"]) == {public: [caller.name]}
    with pytest.raises(InputError, match="this is not what the text holds"):
        keys.confirm(caller, code, FACTS)
    (key,) = keys.of(caller.person)
    keys.end(other, key.id, FACTS)
    assert keys.confirmed(caller.person) == {public}, "nobody ends another one's"
    keys.end(caller, key.id, FACTS)
    assert keys.confirmed(caller.person) == frozenset()
    assert folk.acts(3) == ["ask-reader-key", "confirm-reader-key", "end-reader-key"]


def test_a_code_is_good_for_an_hour(folk: Folk, tmp_path: Path) -> None:
    caller, keys = caller_of(folk), ReaderKeys(folk.pool)
    path, public = new_identity(tmp_path / "reader.txt")
    code = opened_proof(keys.ask(caller, public, FACTS), path)
    key = keys.of(caller.person)[0]
    folk.ask(
        "INSERT INTO steelyard.reader_key (person_id, public_key, sha256, asked_at) "
        "SELECT person_id, public_key, sha256, "
        "now() - interval '61 minutes' FROM steelyard.reader_key WHERE id = %s RETURNING id", key.id,
    )  # fmt: skip
    keys.end(caller, key.id, FACTS)
    with pytest.raises(InputError, match="older than an hour"):
        keys.confirm(caller, code, FACTS)


@pytest.mark.parametrize("key", ["", "age1", "AGE-SECRET-KEY-1X", "age1" + "q" * 58, "age1'; --", "ssh-ed25519 AAAA"])
def test_what_is_no_key_of_age_is_one_line(folk: Folk, key: str) -> None:
    caller = caller_of(folk)
    with pytest.raises(InputError, match="steelyard suite reader prints it"):
        ReaderKeys(folk.pool).ask(caller, key, FACTS)
    assert ReaderKeys(folk.pool).of(caller.person) == []


def test_so_many_keys_are_asked_for_and_no_more(folk: Folk, tmp_path: Path) -> None:
    caller, keys = caller_of(folk), ReaderKeys(folk.pool)
    _, public = new_identity(tmp_path / "reader.txt")
    for _ in range(MAX_KEYS):
        assert base64.b64decode(keys.ask(caller, public, FACTS))
    with pytest.raises(InputError, match="at most 20 keys"):
        keys.ask(caller, public, FACTS)
