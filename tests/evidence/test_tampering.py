"""Every tampering of every file of a sealed run is refused, with the file's name and, in the journal, the record's."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assay.errors import Broken
from assay.evidence import layout
from assay.evidence.canonical import parse_canonical
from assay.evidence.verify import verify_integrity

SEGMENT = "journal/main-0000.jsonl"


def _flip(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    changed[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _lines(change: Callable[[list[bytes], random.Random], None]) -> Callable[[bytes, random.Random], bytes]:
    def apply(data: bytes, dice: random.Random) -> bytes:
        lines = data.splitlines(keepends=True)
        change(lines, dice)
        return b"".join(lines)

    return apply


def _delete(lines: list[bytes], dice: random.Random) -> None:
    lines.pop(dice.randrange(len(lines)))


def _swap(lines: list[bytes], dice: random.Random) -> None:
    if len(lines) > 1:
        one = dice.randrange(len(lines) - 1)
        lines[one], lines[one + 1] = lines[one + 1], lines[one]


TAMPERINGS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "flip a bit": _flip,
    "delete a line": _lines(_delete),
    "repeat a line": _lines(lambda lines, dice: lines.insert(dice.randrange(len(lines) + 1), dice.choice(lines))),
    "insert a line": _lines(lambda lines, dice: lines.insert(dice.randrange(len(lines) + 1), b'{"seq":1}\n')),
    "reorder lines": _lines(_swap),
    "truncate": lambda data, dice: data[: dice.randrange(len(data))],
    "append": lambda data, dice: data + bytes([dice.randrange(256)]),
    "change a digit": lambda data, dice: data.replace(b"1", b"7", 1 + dice.randrange(3)),
}


def _sealed_files(run: Path) -> list[str]:
    return sorted(name for name in layout.run_files(run) if not layout.is_derived(name))


def _tampered(run: Path, dice: random.Random, rounds: int) -> Iterator[tuple[str, str]]:
    """Tamper with every file in every way, ``rounds`` times; yield file and way while the change is in place."""
    for name in _sealed_files(run):
        path = run / name
        original = path.read_bytes()
        for way, change in TAMPERINGS.items():
            for _ in range(rounds):
                changed = change(original, dice)
                if changed != original:
                    path.write_bytes(changed)
                    yield name, way
        path.unlink()
        yield name, "delete"
        path.write_bytes(original)
    for name in ("notes.txt", ".hidden", "journal/main-0002.jsonl", "texts/main-0001.jsonl", "report.pdf", "index.dbx"):
        (run / name).write_bytes(b"")
        yield name, "add"
        (run / name).unlink()


@pytest.mark.parametrize("seed", range(2))
def test_every_tampering_of_a_signed_run_names_the_file(run: Path, seed: int) -> None:
    count = 0
    for name, way in _tampered(run, random.Random(seed), rounds=4):
        with pytest.raises(Broken) as caught:
            verify_integrity(run)
        assert name in str(caught.value), (way, name, str(caught.value))
        count += 1
    assert count >= 200
    verify_integrity(run)


def test_every_tampering_of_an_unsigned_run_is_refused(unsigned: Path) -> None:
    """Its seal can be replaced by anyone; but a changed seal that still holds together would need other files."""
    for name, way in _tampered(unsigned, random.Random(2), rounds=3):
        if name.startswith("texts/"):
            continue
        with pytest.raises(Broken) as caught:
            verify_integrity(unsigned)
        assert name == layout.BUNDLE or name in str(caught.value), (way, name, str(caught.value))


def test_no_byte_of_an_unsigned_seal_is_free(unsigned: Path) -> None:
    path = unsigned / layout.BUNDLE
    data = path.read_bytes()
    dice = random.Random(3)
    for place in range(0, len(data), 2):
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << dice.randrange(8))]) + data[place + 1 :])
        with pytest.raises(Broken):
            verify_integrity(unsigned)


def test_withheld_texts_that_are_wrong_are_named(unsigned: Path) -> None:
    path = unsigned / "texts" / "main-0000.jsonl"
    data = path.read_bytes()
    for changed in (data.replace(b"question 3", b"question 4"), data + b"{}\n", data + b"x\n", data[:-1]):
        path.write_bytes(changed)
        with pytest.raises(Broken, match=r"texts/main-0000\.jsonl line \d+"):
            verify_integrity(unsigned)


def _edit(run: Path, name: str, line: int, old: bytes, new: bytes) -> None:
    path = run / name
    lines = path.read_bytes().splitlines(keepends=True)
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    path.write_bytes(b"".join(lines))


@pytest.mark.parametrize("record", [0, 7, 19])
def test_the_record_that_was_changed_is_named(run: Path, record: int) -> None:
    _edit(run, SEGMENT, record + 1, b'"type"', b'"typo"')
    with pytest.raises(Broken) as caught:
        verify_integrity(run)
    if record == 0:
        assert "main-0000.jsonl line 1 (record 0): not the header" in str(caught.value)
    else:
        expected = f"{SEGMENT} line {record + 1} (record {record}): was changed: the prev of record {record + 1} "
        assert str(caught.value).startswith(expected)


@pytest.mark.parametrize("record", [5, 38, 39])
def test_the_link_that_was_changed_is_named(run: Path, record: int) -> None:
    name = SEGMENT if record < 20 else "journal/main-0001.jsonl"
    line = record % 20 + 1
    prev = parse_canonical((run / name).read_bytes().splitlines()[line - 1])["prev"].encode()
    _edit(run, name, line, prev, b"0" * 64)
    with pytest.raises(Broken, match=rf"{name} line {line} \(record {record}\): was changed: its prev does not match"):
        verify_integrity(run)


def test_the_record_before_the_last_is_named(run: Path) -> None:
    _edit(run, "journal/main-0001.jsonl", 19, b'"detail":""', b'"detail":"x"')
    with pytest.raises(Broken, match=r"main-0001\.jsonl line 19 \(record 38\): was changed: the prev of record 39"):
        verify_integrity(run)


def test_the_last_record_is_named(run: Path) -> None:
    _edit(run, "journal/main-0001.jsonl", 20, b'"detail":""', b'"detail":"x"')
    with pytest.raises(Broken, match=r"main-0001\.jsonl: its last record \(39\) was changed"):
        verify_integrity(run)


def test_a_record_that_is_gone_is_named(run: Path) -> None:
    path = run / SEGMENT
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(
        Broken, match=r"says it is record 20 where record 19 belongs, after journal/main-0000\.jsonl line 19:"
    ):
        verify_integrity(run)


def test_a_changed_score_or_report_is_named(run: Path) -> None:
    for name in ("scores.jsonl", "report.json", "report.md", "report.html"):
        original = (run / name).read_bytes()
        (run / name).write_bytes(original.replace(b"1", b"0").replace(b"consistent", b"inconsistent"))
        with pytest.raises(Broken, match=f"^{name}: was changed"):
            verify_integrity(run)
        (run / name).write_bytes(original)
