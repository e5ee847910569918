"""The file of known difficulties: read as it was written or refused in one line, and its place in a plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.planning.difficulties import (
    FORMAT,
    digest_of,
    file_bytes,
    fingerprint,
    read_difficulties,
    why_none,
    with_difficulties,
)
from steelyard.planning.orders import seed_of, with_orders
from steelyard.records import Difficulties, PlannedTest, Reads
from testkit.plans import measurement

KNOWN = Difficulties(
    format=FORMAT, task="t", items="a" * 64, odds=(1000, 0, 20, 7), made="2026-11-27", by="Jane", panel="p",
    panel_sha256="b" * 64, models=5, families=3, software="steelyard 0",
)  # fmt: skip
TEST = PlannedTest(id="claim-00-t", rule="claim_retest@4", reads=(Reads(measurement="00-t", scorer="exact@1"),))
DRAFT = measurement(items="a" * 64, population=4)


@given(st.lists(st.integers(0, 1_000_000), min_size=1).filter(any), st.integers(1, 9))
def test_a_file_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, odds: list[int], models: int
) -> None:
    path = tmp_path_factory.mktemp("known") / "file"
    known = replace(KNOWN, odds=tuple(odds), models=models, families=1)
    path.write_bytes(file_bytes(known))
    assert read_difficulties(path) == known


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data.replace(b"1000", b"1001"), "was changed"),
        (lambda data: data.replace(b"Jane", b"Joan"), "was changed"),
        (lambda data: data[:-5], "is no file that"),
        (lambda data: b"{}", "not exactly the keys"),
        (lambda data: b"[" * 100_000, "is no file that"),
        (lambda data: json.dumps(json.loads(data), indent=1).encode(), "is no file that"),
        (lambda data: b"\xff\x00", "is no file that"),
        (lambda data: b"", "is no file that"),
    ],
)
def test_what_was_changed_or_is_none_is_refused(tmp_path: Path, change: Any, said: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(change(file_bytes(KNOWN)))
    with pytest.raises(InputError, match=said) as error:
        read_difficulties(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "steelyard-difficulty/9"},
        {"items": "A" * 64},
        {"panel_sha256": ""},
        {"odds": ()},
        {"odds": (0, 0)},
        {"odds": (-1, 5)},
        {"odds": (1_000_001,)},
        {"models": 0, "families": 0},
        {"models": 2, "families": 3},
        {"by": "x" * 81},
        {"by": "a\nb"},
        {"task": "\x1b[31m"},
        {"panel": " p"},
    ],
)
def test_a_record_that_no_command_makes_is_refused_with_its_digest_right(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    other = replace(KNOWN, **changes)
    assert why_none(KNOWN) == ""
    assert why_none(other)
    path = tmp_path / "file"
    path.write_bytes(file_bytes(other))
    with pytest.raises(InputError, match="is no file of difficulties"):
        read_difficulties(path)


def test_links_folders_and_what_is_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(file_bytes(KNOWN))
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for path in (tmp_path / "link", tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="is no file of difficulties"):
            read_difficulties(path)


def test_the_measurement_of_a_claim_gets_the_difficulties_of_its_own_items() -> None:
    check = measurement(id="01-t", items="a" * 64, population=4, arm="sampled")
    other = measurement(id="02-u", items="c" * 64, population=4)
    reads = (*TEST.reads, Reads(measurement="01-t", scorer="exact@1"), Reads(measurement="02-u", scorer="exact@1"))
    found, inputs = with_difficulties([DRAFT, check, other], [replace(TEST, reads=reads)], [(Path("f"), KNOWN)])
    assert [each.difficulties for each in found] == [KNOWN, None, None]
    assert {name: each.sha256 for name, each in inputs.items()} == {"difficulty/00-t": digest_of(KNOWN)}
    assert with_difficulties([DRAFT], [TEST], []) == ([DRAFT], {})


@pytest.mark.parametrize(
    ("files", "tests", "said"),
    [
        ([replace(KNOWN, items="d" * 64)], [TEST], "exactly these"),
        ([replace(KNOWN, odds=(1, 2, 3))], [TEST], "exactly these"),
        ([KNOWN], [], "exactly these"),
        ([KNOWN], [replace(TEST, rule="order@1")], "exactly these"),
        ([KNOWN, replace(KNOWN, by="Joan")], [TEST], "the same items"),
    ],
)
def test_a_file_for_nothing_and_two_for_one_claim_are_refused(files: Any, tests: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        with_difficulties([DRAFT], tests, [(Path(str(number)), each) for number, each in enumerate(files)])


def test_the_order_depends_on_the_difficulties_and_on_nothing_else_of_their_file() -> None:
    def seed(known: Difficulties | None) -> str:
        (found,) = with_orders([replace(DRAFT, difficulties=known)], ["q"], {"q": "output"})
        return found.order_seed

    assert seed(None) == seed_of("output", "") == sha256_hex(canonical({"arm": "", "output": "output"}))
    assert seed(KNOWN) == seed(replace(KNOWN, by="Joan", made="2026-11-28", panel="q", models=9))
    assert len({seed(None), seed(KNOWN), seed(replace(KNOWN, odds=(1000, 0, 20, 8)))}) == 3
    assert fingerprint(None) == ""
