"""What people brought to the platform of these tests: suites under review, labels, and a job that goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from packages.server.tests.jobs.yard import questions, wait_for
from packages.server.tests.pages.test_suites import at, show_key
from packages.server.tests.pages.working import job_at, with_endpoint, working
from packages.server.tests.site import Client, Site
from packages.server.tests.suites.yard import bring, decide, make_suite
from steelyard.suites.encrypting import new_identity
from testkit.fixtures import SumsServer
from testkit.suite_files import suite_at

SUITE, CHOICES, READERS = "helpdesk", "choices", "for-readers"
LABELS = "judge one, October, a title without-blank-where-it-might-wrap"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf50000003010100c9fe92"
    "ef0000000049454e44ae426082"
)
LONG_WORD = "https://wiki.the-house.example.com/pumps/" + "maintenance" * 8


def answers_to_label(count: int) -> str:
    """A file of answers as ``steelyard judge calibrate`` draws them."""
    rows = (
        {
            "id": f"a{number}",
            "question": f"Who mends pump {number}?",
            "answer": f"Team {number}. {LONG_WORD}",
            "criterion": "It names one team.",
        }
        for number in range(1, count + 1)
    )
    return "".join(json.dumps(each) + "\n" for each in rows)


def brought_suites(site: Site, admin: Client, run_suite: Path) -> str:
    """Suites with a review in each state, with choices and an image, with readers, and with a run; a set of labels.

    Returns the path of the set.
    """
    with TemporaryDirectory() as folder:
        work = Path(folder)
        _, public = new_identity(work / "reader.txt")
        _, other = new_identity(work / "other.txt")
        for suite in (
            make_suite(work / SUITE, SUITE, 6, f"about: What the desk is asked\nendpoints: [{LONG_WORD}]\n", LONG_WORD),
            _with_choices(work / CHOICES),
            make_suite(work / READERS, READERS, more=f"readers: [{public}, {other}]\n"),
            run_suite,
        ):
            taken = bring(site, suite)
            assert taken.status == 201, taken.text
        show_key(admin, public, work / "reader.txt")
        assert admin.submit("/account/readers", "/account/readers", public_key=other).status == 200
    decide(admin, at(SUITE, "/items/1"), decision="keep")
    decide(admin, at(SUITE, "/items/2"), decision="edit", question="Who mends the second pump?", answer="team 2")
    assert admin.submit(at(SUITE), at(SUITE, "/apply")).status == 303
    decide(admin, at(SUITE, "/items/3"), decision="drop", other="Nobody asks this.")
    decide(admin, at(SUITE, "/items/4"), decision="mark", tags="pumps, valves", difficulty="hard")
    place = at(SUITE, "/labels")
    made = admin.submit(place, place, title=LABELS, answers=answers_to_label(3))
    assert made.status == 303, made.text
    labels = made.headers["location"]
    assert admin.submit(f"{labels}/1", f"{labels}/1", label="yes").status == 303
    return labels


def _with_choices(folder: Path) -> Path:
    name = f"{sha256(PNG).hexdigest()}.png"
    row = {"id": LONG_WORD[8:70].replace("/", "-"), "question": "Which?", "choices": ["one", "two"], "answer": "two",
           "images": [name], "history": [{"role": "user", "text": f"See {LONG_WORD}"}]}  # fmt: skip
    suite = suite_at(folder, f"suite: {CHOICES}\n", json.dumps(row) + "\n")
    (suite / "images").mkdir()
    (suite / "images" / name).write_bytes(PNG)
    return suite


@contextmanager
def job_that_goes_on(site: Site, admin: Client) -> Iterator[str]:
    """The path of a job that has answers and goes on until the end of the block; its claims are not decided before."""
    with SumsServer() as server:
        server.seconds = lambda wrong: 0.0 if server.sums < 60 else 1.0
        page, choice = "/p/default/claims", with_endpoint(site, server.url, name="slow", price="2")
        sheet = "model: adder\nvendor: us\nclaims:\n- {task: sums, value: 80}\n"
        form = {"sheet": sheet, "choice": choice, "tolerance": "1", "task": "sums", "questions": questions(4000)}
        added = admin.submit(page, f"{page}/test", **form)
        assert added.status == 303, added.text
        job = added.headers["location"]
        with working(site, lease=12):  # the machine may be busy, and this job should stay where it is
            wait_for(lambda: job_at(admin, job, "Where its claims stand"), 300)
            yield f"{job}?still=yes"
            admin.submit(job, f"{job}/cancel")
