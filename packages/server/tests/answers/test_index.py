"""Every page of every selection is that of a plain filter; what was changed is not read."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from steelyard_server.answers.form import HEAD, OUTCOMES
from steelyard_server.answers.index import AnswerIndex, Selection, UnusableIndexError, open_index
from steelyard_server.answers.keeping import index_names, secret_of
from steelyard_server.database.folder import DataFolder


def plain(index: AnswerIndex, selection: Selection) -> list[int]:
    assert not selection.sample
    return [
        number
        for number in range(1, index.total + 1)
        for entry in [index.entry(number)]
        if selection.measurement in (None, entry.measurement)
        and selection.outcome in (None, entry.outcome)
        and (entry.taken or not selection.taken)
    ]


def test_pages_are_those_of_a_plain_filter(index: AnswerIndex) -> None:
    for measurement, outcome, taken in itertools.product((None, 0, 1), (None, *range(len(OUTCOMES))), (False, True)):
        selection = Selection(measurement=measurement, outcome=outcome, taken=taken)
        wanted = plain(index, selection)
        assert index.count(selection) == len(wanted)
        for number in (0, 1, 7, 24, 25, index.total, index.total + 1, 1 << 33):
            assert index.after(selection, number, 5) == [each for each in wanted if each > number][:5]
            assert index.before(selection, number, 5) == [each for each in wanted if each < number][-5:]


def test_the_scores_of_one_sample_are_found(index: AnswerIndex) -> None:
    selection = Selection(sample="sums/row/4")
    (number,) = index.after(selection, 0, 50)
    assert OUTCOMES[index.entry(number).outcome] == "wrong"
    assert index.after(selection, number, 5) == []
    assert index.before(selection, number + 1, 5) == [number]
    assert index.before(selection, number, 5) == []
    assert index.count(selection) == 1
    assert index.before(selection, 1 << 33, 5) == [number]
    assert index.after(Selection(sample="sums/row/4", outcome=0), 0, 5) == []
    assert index.after(Selection(sample="sums/row/4", measurement=1), 0, 5) == []
    assert index.after(Selection(sample="nowhere"), 0, 5) == []


def test_tallies_are_by_measurement(index: AnswerIndex) -> None:
    assert index.tallies() == {
        "00-sums": {"right": 21, "wrong": 1, "partly right": 0, "open": 1, "missing": 1},
        "01-code": {"right": 23, "wrong": 0, "partly right": 1, "open": 0, "missing": 0},
    }


def test_there_is_no_entry_beyond_the_last(index: AnswerIndex) -> None:
    for number in (0, -1, index.total + 1):
        with pytest.raises(IndexError):
            index.entry(number)


def read_all(data: DataFolder, seal: str) -> None:
    with open_index(data, seal, seal, secret_of(data)) as index:
        for number in range(1, index.total + 1):
            index.entry(number)
        index.after(Selection(sample="sums/row/4"), 0, 50)


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("change", [lambda p: flip(p, 0), lambda p: flip(p, 9), lambda p: flip(p, 20),
                                    lambda p: flip(p, HEAD.size + 3), lambda p: flip(p, -1),
                                    lambda p: p.write_bytes(p.read_bytes()[:-1]), lambda p: p.write_bytes(b"x"),
                                    lambda p: p.unlink()])  # fmt: skip
def test_a_changed_index_is_not_read(data: DataFolder, seal: str, change: Callable[[Path], object]) -> None:
    change(data.path.joinpath(*index_names(seal)))
    with pytest.raises(UnusableIndexError):
        read_all(data, seal)


def test_an_index_of_another_run_or_of_another_server_is_none(data: DataFolder, seal: str) -> None:
    with pytest.raises(UnusableIndexError, match="of another run"), open_index(data, seal, "0" * 64, secret_of(data)):
        pass
    with pytest.raises(UnusableIndexError, match="mark"), open_index(data, seal, seal, bytes(32)):
        pass


def test_a_link_in_its_place_is_none(data: DataFolder, seal: str, tmp_path: Path) -> None:
    path = data.path.joinpath(*index_names(seal))
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnusableIndexError, match="no index yet"), open_index(data, seal, seal, secret_of(data)):
        pass
