from __future__ import annotations

from packages.server.tests.site import Site


def test_every_reply_forbids_scripts_frames_and_sniffing(site: Site) -> None:
    client = site.administrator()
    for path in (
        "/",
        "/sign-in",
        "/p/default/runs",
        "/account",
        "/admin",
        "/no-such-page",
        "/healthz",
        "/metrics",
        "/static/x",
    ):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'"), path
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "server" not in headers


def test_no_page_has_an_inline_style_or_a_script(site: Site) -> None:
    client = site.administrator()
    for path in ("/", "/p/default/runs", "/account", "/admin", "/admin/audit", "/sign-in"):
        text = client.get(path).text.lower()
        for forbidden in ("<script", "<style", " style=", " onclick=", "javascript:"):
            assert forbidden not in text, (path, forbidden)
