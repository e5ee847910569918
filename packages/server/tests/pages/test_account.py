from __future__ import annotations

import re
from pathlib import Path

from packages.server.tests.site import NAME, PASSWORD, new_platform
from steelyard_server.access.attempts import BY_NAME


def test_tokens_sessions_and_the_password(data_template: Path) -> None:
    with new_platform(data_template) as site:
        client = site.administrator()
        made = client.submit(
            "/account", "/account/tokens", name="<b>CI</b>", scope="push", project="default", days="30"
        )
        assert len(re.findall(r"steelyard_[A-Za-z0-9_-]{43}", made.text)) == 1
        assert "steelyard remote push RUN" in made.text
        for scope, use in (
            ("read", "steelyard remote status RUN --at"),
            ("run", "/api/v1/jobs"),
            ("suite", "steelyard remote push-suite FOLDER"),
            ("metrics", "/metrics"),
        ):
            fields = {"name": scope, "scope": scope, "project": "default", "days": "30"}
            said = client.submit("/account", "/account/tokens", **fields).text
            assert use in said, scope
            assert "remote push RUN" not in said, scope
        text = client.get("/account").text
        assert "<em>run</em> has the server carry out" in text
        shown = re.findall(r"<option>([a-z]+)</option>", text)
        assert shown
        assert [scope for scope in shown if f"<em>{scope}</em>" not in text] == []
        assert "<em>suite</em> brings private suites" in text
        assert not re.search(r"steelyard_[A-Za-z0-9_-]{43}", text), "a token is shown once"
        assert "&lt;b&gt;CI&lt;/b&gt;" in text
        for wrong in ({"scope": "admin"}, {"days": "9999"}, {"days": "x"}, {"name": " "}, {"project": "elsewhere"}):
            fields = {"name": "x", "scope": "push", "project": "default", "days": "7", **wrong}
            assert client.submit("/account", "/account/tokens", **fields).status == 400, wrong
        other = site.new_session()
        numbers = re.findall(r"/account/sessions/(\d+)/end", client.get("/account").text)
        assert len(numbers) == 1
        assert client.submit("/account", f"/account/sessions/{numbers[0]}/end").status == 303
        assert other.get("/").status == 303
        third = site.new_session()
        new = "another way to the mill"
        assert client.submit("/account", "/account/password", old="wrong", new=new, again=new).status == 400
        assert client.submit("/account", "/account/password", old=PASSWORD, new=new, again=new).status == 200
        assert client.get("/").status == 200
        assert third.get("/").status == 303, "all other sessions have ended"
        visitor = site.client()
        assert visitor.submit("/sign-in", "/sign-in", name=NAME, password=PASSWORD, next="/").status == 403
        assert visitor.submit("/sign-in", "/sign-in", name=NAME.upper(), password=new, next="/").status == 303


def test_wrong_old_passwords_are_counted(data_template: Path) -> None:
    with new_platform(data_template) as site:
        client, new = site.administrator(), "another way to the mill"
        for number in range(BY_NAME):
            reply = client.submit("/account", "/account/password", old=f"wrong {number}", new=new, again=new)
            assert "the old password is another one" in reply.text
        right = client.submit("/account", "/account/password", old=PASSWORD, new=new, again=new)
        assert right.status == 400
        assert "too many attempts" in right.text
        assert site.client().submit("/sign-in", "/sign-in", name=NAME, password=PASSWORD, next="/").status == 429
