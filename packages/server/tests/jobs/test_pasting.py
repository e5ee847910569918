from __future__ import annotations

import threading
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.jobs.pasted_questions import pasted_questions
from steelyard_server.jobs.pasted_sheet import read_pasted
from steelyard_server.jobs.pasting import MAX_HERE, Pasting
from steelyard_server.push.verifying import Verifier, VerifyLimits

MODULE = "steelyard_server.jobs.pasting"
LARGE = "model: acme\nclaims:\n" + "".join(
    f"- task: mmlu\n  value: 40.{each}\n  variant: {'ü' * 200}\n" for each in range(100)
)
TABLE = "| Benchmark | Acme-7B |\n|---|---|\n" + f"| MMLU {'(of the last year) ' * 10}| 70.1 |\n" * 120


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return open_data_folder(tmp_path / "data")


@pytest.mark.parametrize("text", [LARGE, TABLE, "model: acme\nclaims:\n- {task: mmlu, value: 70.5}\n"])
def test_a_large_sheet_is_read_as_a_small_one_is(data: DataFolder, text: str) -> None:
    assert (len(text) > MAX_HERE) == (text in (LARGE, TABLE))
    model = "Acme-7B" if text == TABLE else "acme"
    sheet, written = Pasting(data).read(text, model)
    expected, by_itself = read_pasted(text, model)
    assert written == by_itself
    # Each is written into a folder of its own.
    assert [*sheet.claims] == [*expected.claims]
    assert (sheet.model, sheet.digest) == (expected.model, expected.digest)
    assert [*data.path.glob("incoming/*")] == []


def test_what_is_wrong_with_it_is_said_as_of_a_small_one(data: DataFolder) -> None:
    with pytest.raises(InputError, match="unknown key 'tusk'"):
        Pasting(data).read(LARGE + "- tusk: 1\n")
    with pytest.raises(InputError, match="200,000 characters at most"):
        Pasting(data).read("x" * 200_001)
    with pytest.raises(InputError, match="characters that no file can hold"):
        Pasting(data).read(LARGE + "# \ud800")


def test_large_tables_of_questions_are_read_as_small_ones_are(data: DataFolder) -> None:
    table = "Frage;Antwort;Kunde\r\n" + "".join(f"Wie viele sind {each}?;{each};Müller\r\n" for each in range(2_000))
    assert len(table) > MAX_HERE
    found = Pasting(data).questions(table)
    assert found == pasted_questions(table)
    assert found.count("\n") == 2_000
    with pytest.raises(InputError, match=r"questions\.csv: line 2002 has no answer"):
        Pasting(data).questions(f"{table}Wie?;;\r\n")
    limits = VerifyLimits(cpu_seconds=20, memory=1 << 20, wall_seconds=60.0)
    with pytest.raises(InputError, match="could not be read here in time and memory"):
        Pasting(data, Verifier(limits, MODULE)).questions(table)
    assert [*data.path.glob("incoming/*")] == []


def test_one_that_takes_too_much_is_ended_in_words(data: DataFolder) -> None:
    limits = VerifyLimits(cpu_seconds=20, memory=1 << 20, wall_seconds=60.0)
    with pytest.raises(InputError, match="could not be read here in time and memory"):
        Pasting(data, Verifier(limits, MODULE)).read(LARGE)


def test_one_too_many_at_once_is_told_so_and_does_not_wait(data: DataFolder) -> None:
    goes_on = threading.Event()

    class Held(Verifier):
        """Begins when the test says so."""

        def written(self, folder: Path, *more: str) -> bytes:
            begun.release()
            goes_on.wait(60)
            return super().written(folder, *more)

    begun = threading.Semaphore(0)
    pasting = Pasting(data, Held(None, MODULE))
    threads = [threading.Thread(target=pasting.read, args=(LARGE,)) for _ in range(2)]
    for each in threads:
        each.start()
        begun.acquire()
    with pytest.raises(InputError, match="other large sheets are being read"):
        pasting.read(LARGE)
    goes_on.set()
    for each in threads:
        each.join()
    assert pasting.read(LARGE)[0].model == "acme"


def test_a_server_that_stops_starts_none(data: DataFolder) -> None:
    pasting = Pasting(data)
    pasting.stop()
    with pytest.raises(InputError, match="could not be read here"):
        pasting.read(LARGE)
