"""The reference: weights here, with requantisations that are made once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.models import Settings
from steelyard.models.reference import ReferenceModel, open_reference
from steelyard.models.text_likelihood import ALTERNATIVES, QUANTISED

PROMPT, TEXT = "On Monday the baker found a lemon near the mill, and", " the children went home"


@pytest.fixture(scope="module")
def reference(smollm2: Path) -> Iterator[ReferenceModel]:
    model = open_reference("embedded:smollm2", Settings())
    yield model
    asyncio.run(model.close())


def test_it_names_its_alternatives(reference: ReferenceModel) -> None:
    identity, capabilities = asyncio.run(reference.identify())
    assert capabilities.likelihood_of == ALTERNATIVES
    assert (identity.uri, len(identity.sha256)) == ("embedded:smollm2", 64)
    assert {len(identity.details[kind]) for kind in QUANTISED} == {64}


def test_its_requantisations_are_made_once_under_the_name_of_what_they_are(reference: ReferenceModel) -> None:
    reference.prepare()
    paths = [reference.requantised(kind)[0] for kind in QUANTISED]
    assert all(path.is_file() and kind in path.name for kind, path in zip(QUANTISED, paths, strict=True))
    before = [path.stat().st_mtime_ns for path in paths]
    reference.prepare()
    assert [reference.requantised(kind)[0].stat().st_mtime_ns for kind in QUANTISED] == before
    for kind, path in zip(QUANTISED, paths, strict=True):
        assert path.stem.endswith(reference.requantised(kind)[1][:16])


def test_a_text_has_a_ratio_for_each_alternative_and_the_same_when_it_is_asked_again(
    reference: ReferenceModel,
) -> None:
    found = reference.reading(PROMPT, TEXT, 4, ended=False)
    assert found is not None
    assert tuple(found.ratios) == ALTERNATIVES
    assert abs(found.ratios["Q8_0"].whole) < abs(found.ratios["Q2_K"].whole)
    assert reference.reading(PROMPT, TEXT, 4, ended=False) is found


def test_a_text_that_is_no_such_tokens_has_none(reference: ReferenceModel) -> None:
    assert reference.reading(PROMPT, " a", 10, ended=False) is None


def test_it_says_what_it_expects_next(reference: ReferenceModel) -> None:
    found = reference.next_tokens(PROMPT)
    assert len(found) == 5
    assert [value for _, value in found] == sorted((value for _, value in found), reverse=True)
    assert reference.next_tokens(PROMPT) is found


def test_closing_twice_is_safe(smollm2: Path) -> None:
    model = open_reference(f"gguf:{smollm2}", Settings())

    async def close_twice() -> None:
        await model.close()
        await model.close()

    asyncio.run(close_twice())


@pytest.mark.parametrize("uri", ["gguf:", "gguf:nowhere.gguf"])
def test_a_file_that_is_not_there_is_named(uri: str) -> None:
    with pytest.raises(InputError):
        open_reference(uri, Settings())


def test_a_damaged_requantisation_is_made_again(
    reference: ReferenceModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, digest = reference.requantised("Q2_K")
    folder = tmp_path / "steelyard" / "requantised"
    folder.mkdir(parents=True)
    (folder / good.name).write_bytes(good.read_bytes()[:-100] + bytes(100))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    other = open_reference(f"gguf:{reference._path}", Settings())
    assert other.requantised("Q2_K") == (folder / good.name, digest)
    assert [path.name for path in folder.iterdir()] == [good.name]
    asyncio.run(other.close())
