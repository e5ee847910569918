from __future__ import annotations

import pytest

from steelyard.errors import InputError
from steelyard.server.jobs.places import Places


def test_neither_a_person_nor_a_project_holds_all_places() -> None:
    places = Places(most=3, of_project=2, of_person=1)
    assert places.has_one(1, 10)
    with places.held(1, 10):
        assert not places.has_one(2, 10)
        assert places.has_one(1, 11)
        with pytest.raises(InputError, match="another dry run of yours"), places.held(2, 10):
            raise AssertionError
        with places.held(1, 11):
            with pytest.raises(InputError, match="2 dry runs of this project"), places.held(1, 12):
                raise AssertionError
            with places.held(2, 12), pytest.raises(InputError, match="3 other dry runs"), places.held(3, 13):
                raise AssertionError


def test_a_place_is_free_again_however_its_block_ends() -> None:
    places = Places(most=1, of_project=1, of_person=1)
    for _ in range(2):
        with pytest.raises(KeyError), places.held(1, 1):
            raise KeyError
    with places.held(1, 1):
        pass
