"""Whatever is asked, by whomever: no internal error, and no answer outside the OpenAPI document.

Requests are made up by hypothesis from the document itself, each by itself and in the order of a state machine.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule, run_state_machine_as_test

from packages.server.tests.api.callers import OTHER, THIRD, Asker, askers
from packages.server.tests.api.conformity import Document, Request, requests
from packages.server.tests.site import GOLDEN, Site, data_folder, pushed, serving
from steelyard_server.access.request_limit import OF_NETWORK
from steelyard_server.archive import packed, packed_contents

ARCHIVE = b"".join(packed(GOLDEN))
SUITE = b"".join(
    packed_contents(
        [("suite.yaml", b"suite: s\n"), ("samples.jsonl", b'{"id": "a", "question": "Who?", "answer": "Eve"}\n')]
    )
)
ODD_SEALS = st.one_of(
    st.text("0123456789abcdef", min_size=64, max_size=64),
    st.text("0123456789abcdefABCDEF\n", min_size=63, max_size=65),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=30),
    st.sampled_from(["..", "../../etc/passwd", "\x00", "%00", "a/report", "{seal}"]),
)
JOBS = st.sampled_from(
    [
        {"asks": {"kind": "run", "task": "gsm8k", "endpoint": "", "model": "embedded:smollm2"}, "priority": -100},
        {"asks": {"kind": "audit", "sheet": "\x00", "endpoint": "\x00", "model": "a\x00"}},
        {"asks": {"kind": "run", "questions": {"q": "\x00"}, "model": "embedded:smollm2"}},
        {"asks": {"kind": "resume", "job": 1}},
        {"name": "a", "cron": "0 6 * * *", "asks": {"kind": "run", "task": "gsm8k", "model": "embedded:smollm2"}},
        {"name": "\x00", "cron": "0 6 30 2 *", "zone": "\x00", "asks": {"kind": "run", "task": "t", "model": "m"}},
        {"endpoint": "", "cost": 0.5, "tokens": 10},
        {"endpoint": "\x00", "cost": 1e12},
        {},
        [],
    ]
)
BODIES = st.one_of(
    JOBS.map(lambda job: json.dumps(job).encode()),
    st.just(ARCHIVE),
    st.just(SUITE),
    st.binary(max_size=2000),
    st.integers(0, 3000).map(lambda size: ARCHIVE[:size]),
    st.integers(0, 3000).map(lambda place: ARCHIVE[:place] + b"\x00" + ARCHIVE[place + 1 :]),
)


# Of tokens for which a runner's role is too low.
LEAST = {"suite": "editor", "approve": "editor", "budget": "admin"}
# By whether there is a valid token; without one a network has few requests a minute.
REFUSED = {True: {403}, False: {401, 429}}


@dataclass
class World:
    """A site with a run in one of two projects, everybody who asks, and the document."""

    seal: str
    askers: list[Asker]
    document: Document


def world_of(site: Site) -> World:
    found = askers(site)
    return World(pushed(site), found, Document(json.loads(site.client().get("/api/v1/openapi.json").text)))


def options(number: int, **more: int) -> settings:
    return settings(
        max_examples=number, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=[*HealthCheck], **more,  # type: ignore[arg-type]
    )  # fmt: skip


def ask_anything(world: World, number: int) -> Counter[int]:
    """Ask ``number`` requests, each once; how many answers had which status."""
    document = world.document
    before = document.statuses.copy()

    @options(number)
    @given(
        st.sampled_from(world.askers),
        st.booleans(),
        requests(document, st.one_of(ODD_SEALS, st.just(world.seal)), BODIES),
    )
    def ask(who: Asker, fits: bool, request: Request) -> None:
        if fits and request.scopes:  # whoever is let in gets further
            who = next(
                each
                for each in world.askers
                if each.scope in request.scopes and each.role in ("", LEAST.get(each.scope, "runner"))
            )
        reply = request.send(who.client)
        document.check(request, reply)
        if request.scopes and not who.scope:
            assert reply.status in {*REFUSED[False], 403, 404, 413}, (who.name, request, reply.text)

    ask()
    return document.statuses - before


def machine(world: World) -> type[RuleBasedStateMachine]:
    """What a list gave is asked for later, by others too."""
    document, asker = world.document, st.sampled_from(world.askers)

    class Api(RuleBasedStateMachine):
        known = Bundle("known")

        @initialize(target=known)
        def begin(self) -> object:
            return multiple(world.seal)

        @rule(target=known, who=asker, limit=st.integers(1, 3))
        def list_runs(self, who: Asker, limit: int) -> object:
            request = Request("GET", "", f"/api/v1/runs?limit={limit}", document.paths["/api/v1/runs"]["get"])
            reply = request.send(who.client)
            document.check(request, reply)
            assert (reply.status == 200) == (who.scope == "read"), (who.name, reply.text)
            return multiple(*(each["seal"] for each in json.loads(reply.text).get("runs", [])))

        @rule(who=asker, seal=known, more=st.sampled_from(["", "/report", "/bundle"]))
        def ask_for_one(self, who: Asker, seal: str, more: str) -> None:
            template = "/api/v1/runs/{seal}" + more
            request = Request("GET", template, f"/api/v1/runs/{seal}{more}", document.paths[template]["get"])
            reply = request.send(who.client)
            document.check(request, reply)
            may = who.scope == "read" or (who.scope in ("push", "run") and not more)
            there = {"default": {200}, OTHER: {404}, THIRD: {200, 404}}
            wanted = there[who.project] if may else REFUSED[bool(who.scope)]
            assert reply.status in wanted, (who.name, request, reply.body[:300])

    return Api


def test_no_answer_is_outside_the_document(site: Site) -> None:
    world = world_of(site)
    assert {200, 400, 401, 403, 404, 405} <= ask_anything(world, 120).keys()
    run_state_machine_as_test(machine(world), settings=options(4, stateful_step_count=20))


@pytest.mark.slow
def test_no_answer_of_ten_thousand_is_outside_the_document() -> None:
    """On a server of its own: whoever has no token has no requests left afterwards, for a minute."""
    with data_folder() as data, serving(data) as site:
        world = world_of(site)
        found = ask_anything(world, 10_000)
        assert found.total() >= 10_000, found
        run_state_machine_as_test(machine(world), settings=options(40, stateful_step_count=50))
        replies = [world.askers[0].client.get("/api/v1/me") for _ in range(OF_NETWORK + 1)]
        assert (replies[-1].status, int(replies[-1].headers["retry-after"]) > 0) == (429, True)
        assert site.with_token().get("/api/v1/me").status == 200, "whoever has a token has requests of their own"
