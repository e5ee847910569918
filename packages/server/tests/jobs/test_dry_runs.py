from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from packages.server.tests.jobs.yard import wait_for
from steelyard.errors import InputError
from steelyard_server.jobs.dry_run_process import Figures
from steelyard_server.jobs.dry_runs import (
    AT_ONCE,
    KEPT,
    OPEN,
    OPEN_OF_ALL,
    OPEN_OF_PERSON,
    OPEN_OF_PROJECT,
    DryRun,
    DryRuns,
)
from steelyard_server.jobs.places import MOST, Places


def done(runs: DryRuns, project: int, number: int) -> DryRun:
    def ended() -> DryRun | None:
        found = runs.find(project, number)
        assert found is not None
        return found if found.is_done else None

    found: DryRun = wait_for(ended)
    return found


def test_a_dry_run_is_found_in_its_project_alone() -> None:
    runs = DryRuns()
    number = runs.begin(1, 1, lambda: Figures(calls=7))
    figures = done(runs, 1, number).figures
    assert figures is not None
    assert figures.calls == 7
    assert runs.find(2, number) is None
    assert runs.find(1, number + 1) is None


def test_what_goes_wrong_is_one_line_and_the_next_one_is_planned() -> None:
    def refuse() -> Figures:
        raise InputError("there is no such task\nat all")

    def fail() -> Figures:
        raise ZeroDivisionError("a secret")

    runs = DryRuns()
    refused, failed, fine = (runs.begin(1, 1, plan) for plan in (refuse, fail, Figures))
    assert done(runs, 1, refused).problem == "there is no such task at all"
    said = done(runs, 1, failed).problem
    assert said.startswith("internal error: ZeroDivisionError")
    assert "secret" not in said
    assert done(runs, 1, fine).problem == ""


def test_nobody_fills_the_queue_and_the_oldest_are_forgotten() -> None:
    go = threading.Event()

    def wait() -> Figures:
        assert go.wait(60)
        return Figures()

    runs = DryRuns()
    first = [runs.begin(1, 1, wait) for _ in range(OPEN_OF_PERSON)]
    with pytest.raises(InputError, match="5 of your dry runs"):
        runs.begin(2, 1, wait)
    others = {person: runs.begin(person, person, wait) for person in range(2, OPEN - OPEN_OF_PERSON + 2)}
    with pytest.raises(InputError, match="many other dry runs wait"):
        runs.begin(1, 999, wait)
    go.set()
    for person, number in others.items():
        done(runs, person, number)
    for person in range(KEPT):
        done(runs, 3, runs.begin(3, person, Figures))
    assert all(runs.find(1, number) is None for number in first)


def test_the_people_of_one_project_keep_those_of_no_other_out() -> None:
    go = threading.Event()

    def wait() -> Figures:
        assert go.wait(60)
        return Figures()

    runs = DryRuns()
    own = [runs.begin(1, person, wait) for person in range(1, OPEN_OF_PROJECT + 1)]
    for person in (1, OPEN_OF_PROJECT + 1):
        with pytest.raises(InputError, match="8 dry runs of this project"):
            runs.begin(1, person, wait)
    others = [runs.begin(2, person, Figures) for person in range(1, OPEN_OF_PROJECT + 1)]
    go.set()
    for project, numbers in ((1, own), (2, others)):
        for number in numbers:
            done(runs, project, number)
    done(runs, 1, runs.begin(1, 1, Figures))


def test_several_projects_together_keep_no_other_one_out() -> None:
    go = threading.Event()

    def wait() -> Figures:
        assert go.wait(60)
        return Figures()

    runs = DryRuns()
    held = [
        (1 + number // OPEN_OF_PROJECT, runs.begin(1 + number // OPEN_OF_PROJECT, number, wait))
        for number in range(OPEN)
    ]
    with pytest.raises(InputError, match="many other dry runs wait"):
        runs.begin(3, 0, wait)
    held += [(project, runs.begin(project, 1_000 + project, wait)) for project in range(OPEN, OPEN_OF_ALL)]
    with pytest.raises(InputError, match="many other dry runs wait"):
        runs.begin(1_000, 1, wait)
    go.set()
    for project, number in held:
        done(runs, project, number)


def test_nobody_holds_those_of_all_others_and_turns_go_by_person() -> None:
    go, order = threading.Event(), list[str]()

    def wait() -> Figures:
        assert go.wait(60)
        return Figures()

    def plan(name: str) -> Callable[[], Figures]:
        def planned() -> Figures:
            order.append(name)
            return Figures()

        return planned

    runs = DryRuns()
    assert AT_ONCE < MOST, "pages have a place"
    hanging = runs.begin(1, 1, wait)
    others = [runs.begin(1, 1, plan(f"first {number}")) for number in range(3)]
    for person in (2, 3):
        done(runs, 2, runs.begin(2, person, plan(f"person {person}")))
    assert order == ["person 2", "person 3"], "while the first one's own waits for its first"
    held = runs.begin(2, 2, wait)
    mine = [runs.begin(2, person, plan(f"person {person} again")) for person in (3, 2)]
    go.set()
    for number in (hanging, *others):
        done(runs, 1, number)
    for number in (held, *mine):
        done(runs, 2, number)
    assert [each for each in order if each.startswith("first")] == ["first 0", "first 1", "first 2"]


def test_one_that_could_have_no_place_waits_and_holds_up_nobody() -> None:
    places = Places(most=3, of_project=2, of_person=1)
    runs = DryRuns(places)
    with places.held(1, 1), places.held(1, 2):
        full = runs.begin(1, 3, Figures)
        own = runs.begin(2, 1, Figures)
        for person in (4, 5, 6):
            done(runs, 2, runs.begin(2, person, Figures))
        for project, number in ((1, full), (2, own)):
            found = runs.find(project, number)
            assert found is not None
            assert not found.is_done
    done(runs, 1, full)
    done(runs, 2, own)
