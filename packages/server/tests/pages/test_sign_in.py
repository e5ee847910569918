from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packages.server.tests.site import NAME, PASSWORD, Client, Site, new_platform
from testkit.browser import open_tab


def test_the_first_administrator_comes_by_a_link_that_works_once(data_template: Path) -> None:
    with new_platform(data_template) as site:
        code = site.link.rpartition("=")[2]
        welcome = f"/welcome?code={code}"
        client = site.client()
        assert client.get("/welcome?code=" + "A" * 43).status == 403
        assert client.get(welcome).status == 200
        assert client.get(welcome).status == 200, "programs that preview links use nothing up"
        good = {"code": code, "name": NAME, "password": PASSWORD, "again": PASSWORD}
        for wrong in ({"name": "<b>"}, {"again": "another password"}, {"password": "short", "again": "short"}):
            assert client.submit(welcome, "/welcome", **{**good, **wrong}).status == 400
        early = client.submit("/sign-in", "/sign-in", name=NAME, password=PASSWORD, next="/")
        assert early.status == 403
        made = client.submit(welcome, "/welcome", **good)
        assert (made.status, made.headers["location"]) == (303, "/")
        assert client.get("/").status == 200
        late = site.client()
        assert late.get(welcome).status == 403
        assert late.submit("/sign-in", "/welcome", **{**good, "name": "eve"}).status == 403


def test_many_wrong_passwords_have_to_wait_and_are_on_record(data_template: Path) -> None:
    with new_platform(data_template) as site:
        administrator, guesser = site.administrator(), site.client()
        statuses = [
            guesser.submit("/sign-in", "/sign-in", name=NAME, password=f"guess {n}", next="/").status for n in range(6)
        ]
        assert statuses == [403] * 5 + [429]
        right = guesser.submit("/sign-in", "/sign-in", name=NAME, password=PASSWORD, next="/")
        assert right.status == 429
        assert int(right.headers["retry-after"]) > 0
        assert administrator.get("/admin/audit").text.count("sign-in-refused") == 5
        unknown = site.client().submit("/sign-in", "/sign-in", name="nobody-of-that-name", password="x", next="/")
        wrong = site.client().submit("/sign-in", "/sign-in", name="another", password="x", next="/")
        assert unknown.status == wrong.status == 403


# Slow: the fast run has many at once in packages/server/tests/access/test_passwords.py.
@pytest.mark.slow
def test_many_who_sign_in_at_once_are_told_to_come_again_and_have_used_up_no_attempt(data_template: Path) -> None:
    with new_platform(data_template) as site:
        site.administrator()
        client = site.client()
        key = client.key("/sign-in")

        def guess(number: int) -> tuple[int, str]:
            fields = {"key": key, "name": f"nobody-{number}", "password": "a guess of mine", "next": "/"}
            reply = Client(site.base, dict(client.cookies)).post("/sign-in", fields)
            return reply.status, reply.headers.get("retry-after", "")

        with ThreadPoolExecutor(25) as pool:
            found = [each.result() for each in [pool.submit(guess, number) for number in range(25)]]
        assert {status for status, _ in found} == {403, 429}
        assert (429, "10") in found
        late = site.client().submit("/sign-in", "/sign-in", name=NAME, password=PASSWORD, next="/")
        assert late.status == 303


async def _by_keyboard(devtools: str, site: Site) -> tuple[str, list[str]]:
    async with open_tab(devtools) as tab:

        async def press(key: str, code: int, text: str = "") -> None:
            for kind in ("keyDown", "keyUp"):
                await tab.call(
                    "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text=text
                )

        await tab.visit(f"{site.base}/p/default/runs", width=1280, dark=False)
        await tab.call("Input.insertText", text=NAME)  # the field for the name has the focus
        await press("Tab", 9)
        await tab.call("Input.insertText", text=PASSWORD)
        await press("Enter", 13, "\r")
        for _ in range(200):
            found = await tab.evaluate("location.pathname + ' ' + document.title")
            if not found.startswith("/sign-in"):
                break
        return found, tab.errors()


def test_a_person_signs_in_by_keyboard_and_lands_where_they_wanted(site: Site, devtools: str) -> None:
    site.administrator()
    found, errors = asyncio.run(_by_keyboard(devtools, site))
    assert found == "/p/default/runs Runs of default · Steelyard"
    assert errors == []
