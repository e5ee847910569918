"""Against oidc-provider 9 of npm, which is certified: the whole way, through its own pages for login and consent."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from packages.server.tests.oidc.stub import oidc_options
from packages.server.tests.site import Client, Reply, Site, data_folder, serving

VERSION = "9.13.3"
SCRIPT = Path(__file__).with_name("certified.mjs")


@pytest.fixture(scope="module")
def package() -> Path:
    """oidc-provider, installed once into a folder of the user's cache."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("no node with npm on this machine: apt-get install nodejs npm")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "steelyard-tests" / f"oidc-provider-{VERSION}"
    if not (folder / "node_modules" / "oidc-provider").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", f"oidc-provider@{VERSION}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"npm cannot install oidc-provider: {done.stderr[-300:]}")
    return folder


@contextmanager
def certified(package: Path, port: int, callback: str, in_id_token: str) -> Iterator[str]:
    command = ["node", str(SCRIPT), str(package), str(port), callback, in_id_token]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("listening "):
                break
        else:
            raise AssertionError("".join(lines))
        try:
            yield line.split()[1]
        finally:
            process.terminate()
            process.wait(20)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="module", params=["yes", "no"], ids=["groups in the ID token", "groups in userinfo"])
def sso(request: pytest.FixtureRequest, package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The platform, and the provider that knows it."""
    port = free_port()
    options = oidc_options(tmp_path_factory.mktemp("oidc"), f"http://127.0.0.1:{port}")
    with data_folder() as data, serving(data, *options) as site:
        client = site.administrator()
        for group, role in (("staff", "viewer"), ("bosses", "server")):
            fields = {"group": group, "role": role, "project": "default"}
            assert client.submit("/admin/groups", "/admin/groups", **fields).status == 303
        with certified(package, port, f"{site.base}/sign-in/callback", request.param):
            yield site


def walk(site: Site, client: Client, name: str, browser: Client | None = None) -> Reply:
    """A browser's way: to the provider, through its forms, and back to the first page of ours; the last reply.

    ``browser`` is what the provider knows it by; without a ``name`` it must know who that is.
    """
    reply = client.get("/sign-in/provider")
    for _ in range(20):
        if reply.status in (302, 303) and reply.headers["location"].startswith("/"):
            address = urljoin(browser.base if browser and reply.status == 303 else site.base, reply.headers["location"])
        elif reply.status in (302, 303):
            address = reply.headers["location"]
        else:
            assert browser is not None
            form = re.search(r'action="([^"]+)"', reply.text)
            prompt = re.search(r'name="prompt" value="([^"]+)"', reply.text)
            assert form is not None, reply.text
            assert prompt is not None, reply.text
            assert name or prompt[1] != "login", "it asks for a name"
            fields = {"prompt": prompt[1], "login": name, "password": "any"}
            reply = browser.post(urlsplit(form[1]).path, fields)
            continue
        parts = urlsplit(address)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        if address.startswith(site.base):
            return client.get(path)
        browser = browser or Client("")
        browser.base = f"{parts.scheme}://{parts.netloc}"
        reply = browser.get(path)
    raise AssertionError("it leads in a circle")


def sign_out(site: Site, client: Client, jar: Client) -> str:
    """From our button over the provider's own page, in the browser that is signed in there; where it ends."""
    reply = client.submit("/account", "/sign-out")
    assert (reply.status, "/sign-out/provider" in reply.text) == (200, True), reply.text
    address = client.get("/sign-out/provider").headers["location"]
    parts = urlsplit(address)
    reply = jar.get(f"{parts.path}?{parts.query}")
    form = re.search(r'action="([^"]+)"', reply.text)
    xsrf = re.search(r'name="xsrf" value="([^"]+)"', reply.text)
    assert form is not None, reply.text
    assert xsrf is not None, reply.text
    done = jar.post(urlsplit(form[1]).path, {"xsrf": xsrf[1], "logout": "yes"})
    assert done.status in (302, 303), done.text
    return done.headers["location"]


@pytest.mark.slow  # it installs from npm
def test_who_signs_out_is_signed_out_at_the_provider_too(sso: Site) -> None:
    client, jar = sso.client(), Client("")
    assert walk(sso, client, "grace", jar).status == 303
    again = sso.client()
    assert walk(sso, again, "", jar).status == 303, "the provider still knows who that is, and asks for no name"
    assert sign_out(sso, client, jar) == f"{sso.base}/sign-in"
    assert client.get("/account").status == 303
    with pytest.raises(AssertionError, match="asks for a name"):
        walk(sso, sso.client(), "", jar)


@pytest.mark.slow  # it installs from npm
def test_people_come_by_their_groups_and_nobody_without_one(sso: Site) -> None:
    grace, boss, nobody = sso.client(), sso.client(), sso.client()
    reply = walk(sso, grace, "grace")
    assert (reply.status, reply.headers["location"]) == (303, "/"), reply.text
    assert grace.get("/p/default/runs").status == 200
    assert grace.get("/admin").status == 403
    assert walk(sso, boss, "boss").status == 303
    assert boss.get("/admin").status == 200
    refused = walk(sso, nobody, "nobody")
    assert (refused.status, "you have no role in any project yet" in refused.text) == (403, True), refused.text
    again = sso.client()
    assert walk(sso, again, "grace").status == 303
    text = sso.administrator().get("/admin/people").text
    assert len(re.findall(r">grace<", text)) == 1
