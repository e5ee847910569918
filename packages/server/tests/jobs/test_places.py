from __future__ import annotations

import os
import select
import threading

import pytest

from packages.server.tests.jobs.yard import wait_for
from steelyard.errors import InputError
from steelyard_server.jobs.places import ENDED_BY_ANOTHER, Places


def test_neither_a_person_nor_a_project_holds_all_places() -> None:
    places = Places(most=3, of_project=2, of_person=1)
    assert places.has_one(1, 10)
    with places.held(1, 10):
        assert not places.has_one(2, 10)
        assert places.has_one(1, 11)
        with pytest.raises(InputError, match="a dry run that you asked for with a token"), places.held(2, 10):
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


class Holder(threading.Thread):
    """Asks for a place as a page does, and holds it until it is told to end; ``said`` is what it was refused with."""

    def __init__(self, places: Places, person: int = 1) -> None:
        super().__init__(daemon=True)
        self.begun, self.said = threading.Event(), ""
        self._places, self._person = places, person

    def run(self) -> None:
        try:
            with self._places.held(1, self._person, takes_over=True) as told:
                self.begun.set()
                select.select([told], [], [])
        except InputError as error:
            self.said = str(error)
        self.begun.set()


def test_who_asks_again_on_a_page_takes_over_and_no_place_is_lost() -> None:
    places, open_before = Places(most=2, of_project=2, of_person=1), len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        first, other = Holder(places), Holder(places, person=2)
        for each in (first, other):
            each.start()
            assert each.begun.wait(30)
        with places.held(1, 1, takes_over=True):
            first.join(30)
            assert not first.is_alive()
            assert other.is_alive(), "another person's goes on"
        with places.held(1, 2, takes_over=True):
            other.join(30)
        assert not other.is_alive()
    with places.held(1, 1), places.held(1, 2):
        assert not places.has_one(1, 3)
    assert len(os.listdir("/proc/self/fd")) == open_before


def test_of_many_who_wait_to_take_over_the_last_one_is_meant() -> None:
    places = Places()
    slow, release = threading.Event(), threading.Event()

    def stubborn() -> None:
        with places.held(1, 1, takes_over=True):
            slow.set()
            release.wait(30)

    held = threading.Thread(target=stubborn, daemon=True)
    held.start()
    assert slow.wait(30)
    earlier = Holder(places)
    earlier.start()
    wait_for(lambda: bool(places._last))
    later = Holder(places)
    later.start()
    earlier.join(30)
    assert earlier.said == ENDED_BY_ANOTHER
    release.set()
    assert later.begun.wait(30)
    assert not later.said
    with places.held(1, 1, takes_over=True):
        later.join(30)
    assert not places._last


def test_what_was_asked_for_with_a_token_is_not_taken_over() -> None:
    places = Places()
    with (
        places.held(1, 1) as told,
        pytest.raises(InputError, match="with a token is going on"),
        places.held(1, 1, takes_over=True),
    ):
        raise AssertionError
    with (
        places.held(1, 1, takes_over=True),
        pytest.raises(InputError, match="another dry run of yours"),
        places.held(1, 1),
    ):
        raise AssertionError
    assert told
