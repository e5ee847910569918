"""An encrypted suite is asked as before by its readers, by nobody else, and a subject that is erased stays erased."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.errors import InputError
from steelyard.evidence.keys import load_signer
from steelyard.suites.encrypting import ERASURES, decrypt_suite, encrypt_suite, erase_items, new_identity
from steelyard.suites.sealing import seal_suite
from steelyard.tasks.suite_task import SuiteTask, task_from_suite
from steelyard.tasks.suite_vault import KEYS, VAULT
from testkit.fixtures import SumsServer
from testkit.suite_files import suite_at

SECRET = "Frau Ada Lovelace"


def items(count: int = 8) -> str:
    return "".join(
        json.dumps(
            {
                "id": f"i{n}",
                "question": f"What is {n} + 3? ({SECRET})",
                "answer": str(n + 3),
                "group": f"customer {n // 2}",
            }
        )
        + "\n"
        for n in range(count)
    )


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("STEELYARD_READER", str(tmp_path / "reader.txt"))
    return new_identity()[1]


def suite_for(folder: Path, *readers: str, endpoint: str = "") -> SuiteTask:
    named = f"endpoints: [{endpoint}]\n" if endpoint else ""
    return task_from_suite(suite_at(folder, f"suite: sums\n{named}readers: {json.dumps(readers)}\n", items()))


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_an_encrypted_suite_is_asked_as_before(
    sums_server: SumsServer, tmp_path: Path, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = suite_for(tmp_path / "sums", reader, endpoint=sums_server.url)
    plain = list(suite.prepare("question"))
    assert encrypt_suite(suite) == 4
    assert SECRET.encode() not in everything_in(suite.folder)
    assert b"customer" not in everything_in(suite.folder)
    again = task_from_suite(suite.folder)
    assert again.suite == suite.suite
    assert list(again.prepare("question")) == plain
    monkeypatch.chdir(tmp_path)
    assert execute(["run", "sums", "--model", f"openai:sums@{sums_server.url}", "--out", "r"]) == 0
    assert execute(["verify", "r"]) == 0
    assert decrypt_suite(again) == 8
    assert list(task_from_suite(suite.folder).prepare("question")) == plain
    assert not list((suite.folder / KEYS).glob("*.age"))


def test_only_a_reader_reads(tmp_path: Path, reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = suite_for(tmp_path / "sums", reader, new_identity(tmp_path / "second.txt")[1])
    encrypt_suite(suite)
    monkeypatch.setenv("STEELYARD_READER", str(tmp_path / "second.txt"))
    assert len(task_from_suite(suite.folder).prepare("question")) == 8
    new_identity(tmp_path / "stranger.txt")
    for name, words in (
        ("stranger.txt", "cannot be opened with your key"),
        ("none.txt", "is encrypted, and your key is not at"),
        ("sums/suite.yaml", "holds no secret key of age"),
    ):
        monkeypatch.setenv("STEELYARD_READER", str(tmp_path / name))
        with pytest.raises(InputError, match=words):
            task_from_suite(suite.folder)


def test_what_is_erased_stays_erased_and_the_seal_holds(tmp_path: Path, reader: str, key: Path) -> None:
    suite = suite_for(tmp_path / "sums", reader)
    seal_suite(suite, load_signer(key), None, "0.5", 1)
    encrypt_suite(suite)
    before = task_from_suite(suite.folder.with_name("sums#all"))
    erased = erase_items(before, ["customer 1"], [], "asked for by the customer")
    assert [each.items for each in erased] == [("i2", "i3")]
    after = task_from_suite(suite.folder.with_name("sums#all"))
    assert after.suite == suite.suite  # the digest, and so the seal, is that of before
    assert len(after.prepare("question")) == 6
    assert "2 items of this suite were erased." in after.assumed
    line = json.loads((suite.folder / ERASURES).read_text())
    assert (line["items"], line["reason"]) == (["i2", "i3"], "asked for by the customer")
    with pytest.raises(InputError, match="2 of its items were erased"):
        decrypt_suite(after)
    with pytest.raises(InputError, match="no group is called 'customer 1', or it was erased before"):
        erase_items(after, ["customer 1"], [])


def test_a_plain_suite_cannot_be_erased(tmp_path: Path, reader: str) -> None:
    with pytest.raises(InputError, match="copies of the folder and git's history would keep what is erased"):
        erase_items(suite_for(tmp_path / "sums", reader), [], ["i1"])


@pytest.mark.parametrize(("readers", "words"), [([], "names no readers"), (["age1x"], "is no public key of age")])
def test_readers_are_checked_before_anything_is_written(tmp_path: Path, readers: list[str], words: str) -> None:
    suite = suite_for(tmp_path / "sums", *readers)
    with pytest.raises(InputError, match=words):
        encrypt_suite(suite)
    assert (suite.folder / "samples.jsonl").is_file()
    assert not (suite.folder / VAULT).exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda line: {**line, "id": "i7"}, "was changed since it was encrypted"),
        (lambda line: {**line, "digest": "00"}, "holds another item than it says"),
        (lambda line: {**line, "box": line["box"][:-8] + "AAAAAAA="}, "was changed since it was encrypted"),
        (lambda line: {**line, "nonce": "!"}, "was changed since it was encrypted"),
        (lambda line: {**line, "more": 1}, "is no line of a vault"),
    ],
)
def test_a_changed_vault_is_named_with_its_line(tmp_path: Path, reader: str, change, words: str) -> None:  # type: ignore[no-untyped-def]
    suite = suite_for(tmp_path / "sums", reader)
    encrypt_suite(suite)
    path = suite.folder / VAULT
    first, *others = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps(change(json.loads(first))), *others]) + "\n")
    with pytest.raises(InputError, match=rf"samples\.vault\.jsonl:1: {words}"):
        task_from_suite(suite.folder)
