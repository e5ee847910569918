from __future__ import annotations

import json
from pathlib import Path

from packages.server.tests.site import Site
from packages.server.tests.suites.yard import TAR, archive, make_suite


def test_an_editors_token_brings_a_suite_and_no_other_does(site: Site, tmp_path: Path) -> None:
    body = archive(make_suite(tmp_path / "s", "by-api"))
    for scope in ("push", "read", "run"):
        refused = site.with_token(scope).ask("POST", "/api/v1/suites", body, TAR)
        assert (refused.status, "lacks the scope suite" in refused.text) == (403, True)
    assert site.client().ask("POST", "/api/v1/suites", body, TAR).status == 401
    runner = site.person("suites-runner", "runner")
    asked = runner.submit("/account", "/account/tokens", name="t", scope="suite", project="default", days="7")
    assert "a token to suite needs the role editor" in asked.text
    taken = site.with_token("suite").ask("POST", "/api/v1/suites", body, TAR)
    assert taken.status == 201
    assert json.loads(taken.text).keys() == {"name", "version", "digest", "items", "new", "url"}
    odd = site.with_token("suite").ask("POST", "/api/v1/suites", body, {**TAR, "Content-Encoding": "br"})
    assert odd.status == 415
