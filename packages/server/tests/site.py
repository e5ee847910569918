"""A real server as a user starts it, and a client that keeps cookies and follows nothing."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from packages.server.tests.databases import copied, open_folder
from testkit.repository import ROOT

NAME, PASSWORD = "ada", "a long way to the mill"


@dataclass
class Reply:
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Client:
    """One browser or program: its cookies, and whatever headers it always sends."""

    base: str
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    trusted: Path | None = None  # a certificate, where it is asked by https

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        connection = self._connection()
        sent = {**self.headers, **(headers or {})}
        if self.cookies and "Cookie" not in sent:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body, sent)
            found = connection.getresponse()
            cookies = found.headers.get_all("set-cookie") or []
            reply = Reply(found.status, {k.lower(): v for k, v in found.getheaders()}, cookies, found.read())
        finally:
            connection.close()
        for each in reply.cookies:
            name, _, value = each.partition(";")[0].partition("=")
            self.cookies[name] = value
        return reply

    def _connection(self) -> http.client.HTTPConnection:
        netloc = urlsplit(self.base).netloc
        if self.trusted is None:
            return http.client.HTTPConnection(netloc, timeout=60)
        context = ssl.create_default_context(cafile=str(self.trusted))
        return http.client.HTTPSConnection(netloc, timeout=60, context=context)

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, headers=headers)

    def key(self, path: str) -> str:
        """The key of the forms of a page."""
        found = re.search(r'name="key" value="([0-9a-f]{64})"', self.get(path).text)
        assert found is not None
        return found[1]

    def post(self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Reply:
        """Send a form as a browser does."""
        always = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.base}
        return self.ask("POST", path, urlencode(fields), {**always, **(headers or {})})

    def submit(self, page: str, path: str, **fields: str) -> Reply:
        """Load a page, and send one of its forms."""
        return self.post(path, {"key": self.key(page), **fields})


@dataclass
class Site:
    """A running server, with its one-time link and everything that it wrote."""

    base: str
    data: Path
    link: str
    process: subprocess.Popen[str]
    lines: list[str]
    trusted: Path | None = None
    is_new: bool = True  # nobody has an account yet
    _session: dict[str, str] = field(default_factory=dict)  # the administrator's cookies
    _push_tokens: dict[str, str] = field(default_factory=dict)  # by project

    def client(self) -> Client:
        """Somebody who is not signed in."""
        return Client(self.base, trusted=self.trusted)

    def administrator(self) -> Client:
        """A browser in which the administrator is signed in; the first call makes the account.

        The session is that of the call before, while it lasts: a password takes long to check, as it should.
        """
        client = Client(self.base, dict(self._session), trusted=self.trusted)
        if self._session and client.get("/account").status == 200:
            return client
        return self.new_session()

    def new_session(self) -> Client:
        """Another browser in which the administrator signs in."""
        client = self.client()
        if self.is_new:
            code = self.link.rpartition("=")[2]
            fields = {"code": code, "name": NAME, "password": PASSWORD, "again": PASSWORD}
            reply = client.submit(f"/welcome?code={code}", "/welcome", **fields)
            self.is_new = False
        else:
            reply = client.submit("/sign-in", "/sign-in", name=NAME, password=PASSWORD, next="/")
        assert reply.status == 303, reply.text
        self._session = dict(client.cookies)
        return client

    def person(self, name: str, role: str = "", project: str = "default") -> Client:
        """A browser in which a new person is signed in, who has a role in a project."""
        made = self.administrator().submit("/admin/people", "/admin/people", name=name, project=project, role=role)
        client, link = self.client(), join_path(made.text)
        code = link.rpartition("=")[2]
        reply = client.submit(link, "/join", code=code, password=PASSWORD, again=PASSWORD)
        assert reply.status == 303, reply.text
        return client

    def token(self, scope: str = "push", project: str = "default", client: Client | None = None) -> str:
        """A new token of the administrator's, or of whoever is signed in in ``client``."""
        fields = {"name": "tests", "scope": scope, "project": project, "days": "7"}
        made = (client or self.administrator()).submit("/account", "/account/tokens", **fields)
        found = re.search(r"steelyard_[A-Za-z0-9_-]{43}", made.text)
        assert found is not None, made.text
        return found[0]

    def with_token(self, scope: str = "push", project: str = "default", client: Client | None = None) -> Client:
        """A program with a token."""
        return Client(self.base, headers={"Authorization": f"Bearer {self.token(scope, project, client)}"})

    def push_token(self, project: str) -> str:
        """A token of the administrator's that pushes into a project: one for all runs."""
        if project not in self._push_tokens:
            self._push_tokens[project] = self.token(project=project)
        return self._push_tokens[project]

    def project(self, name: str) -> str:
        """A new project, unless it is there."""
        reply = self.administrator().submit("/admin/projects", "/admin/projects", name=name)
        assert reply.status == 303 or "already" in reply.text, reply.text
        return name


def join_path(text: str) -> str:
    """The path of the one-time link that a page shows."""
    found = re.search(r"/join\?code=[A-Za-z0-9_-]{43}", text)
    assert found is not None, text
    return found[0]


def environment() -> dict[str, str]:
    """Ours, without a database of the team's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    return kept | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])}


@contextmanager
def data_folder() -> Iterator[Path]:
    """A data folder that the database's user may enter where the tests run as root."""
    above = Path(tempfile.mkdtemp(prefix="steelyard serve "))  # with a space, as people's folders have
    above.chmod(0o755)
    try:
        yield above / "data"
    finally:
        shutil.rmtree(above, ignore_errors=True)


@contextmanager
def serving(
    data: Path, *options: str, trusted: Path | None = None, team: Mapping[str, str] | None = None
) -> Iterator[Site]:
    """``steelyard serve`` on a free port of loopback, until the end of the block."""
    command = [sys.executable, "-m", "steelyard", "serve", "--data", str(data), "--bind", "127.0.0.1:0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment() | {**(team or {})}) as process:
        assert process.stderr is not None
        lines: list[str] = []
        base = link = ""
        for line in process.stderr:
            lines.append(line)
            if found := re.match(r"serving (\S+)", line):
                base = found[1]
            if found := re.search(r"http\S+/welcome\?code=\S+", line):
                link = found[0]
            if base:
                break
        assert base, "".join(lines)
        drain = threading.Thread(target=lambda: lines.extend(process.stderr or ()), daemon=True)
        drain.start()
        site = Site(base, data, link, process, lines, trusted)
        _wait_until_it_answers(site)
        try:
            yield site
        finally:
            process.terminate()
            process.wait(30)
            drain.join(10)


@contextmanager
def new_platform(template: Path, *options: str) -> Iterator[Site]:
    """``steelyard serve`` on a copy of a data folder whose database is made already; nobody has an account yet."""
    with open_folder() as path, serving(copied(template, path), *options) as site:
        yield site


def _wait_until_it_answers(site: Site) -> None:
    for _ in range(600):
        try:
            if site.client().get("/healthz").status == 200:
                return
        except OSError:
            threading.Event().wait(0.05)
    raise AssertionError("".join(site.lines))


GOLDEN = ROOT / "tests" / "assets" / "golden"


def golden_right() -> int:
    """The right answers of the golden run, less those of its second pass."""
    scores = [json.loads(line) for line in (GOLDEN / "scores.jsonl").read_text().splitlines()]
    return sum(each["value"] for each in scores if each["measurement"] == "00-sums")


def run_page(seal: str, more: str = "", project: str = "default") -> str:
    """The path of a run's page, or of one below it."""
    return f"/p/{project}/runs/{seal}{more}"


def pushed(site: Site, run: Path = GOLDEN, project: str = "default") -> str:
    """Have a run on the server as if it had been pushed, unless it is there; its seal."""
    from packages.server.tests.taking_in import take_in

    return take_in(site.data, run, site.push_token(project))


def pushed_over_http(site: Site, run: Path = GOLDEN, project: str = "default") -> str:
    """Push a run as a program does, unless it is there; its seal."""
    from steelyard_server.archive import packed

    headers = {"Content-Type": "application/x-tar", "Content-Encoding": "gzip"}
    program = site.with_token(project=project)
    reply = program.ask("POST", "/api/v1/runs", b"".join(packed(run)), headers)
    assert reply.status in (200, 201), reply.text
    seal: str = json.loads(reply.text)["seal"]
    return seal
