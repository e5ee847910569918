"""Pushing over loopback: what is taken, what is refused, and that nothing of it is left."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

from packages.server.tests.site import GOLDEN, Site, pushed
from steelyard.evidence.bundle import Bundle
from steelyard_server.archive import packed

TAR = {"Content-Type": "application/x-tar", "Content-Encoding": "gzip"}


def test_a_run_is_taken_once_and_found_again(site: Site) -> None:
    client, body, seal = site.with_token(), b"".join(packed(GOLDEN)), Bundle.open(GOLDEN).sha256
    first = client.ask("POST", "/api/v1/runs", body, TAR)
    assert first.status in (200, 201)
    again = client.ask("POST", "/api/v1/runs", body, TAR)
    found = client.get(f"/api/v1/runs/{seal}")
    assert again.status == found.status == 200
    document, said = json.loads(again.text), json.loads(found.text)
    assert document == {name: said.get(name, False) for name in document}
    assert (document["seal"], document["verdict"], document["exit"], document["new"]) == (
        seal,
        "inconsistent",
        1,
        False,
    )
    assert document["url"] == f"{site.base}/p/default/runs/{seal}"
    assert client.get("/api/v1/runs/" + "0" * 64).status == 404
    assert client.get("/api/v1/runs/..%2fx").status == 404


def test_what_does_not_verify_is_refused_in_one_line_and_leaves_nothing(site: Site, tmp_path: Path) -> None:
    client, folder = site.with_token(), tmp_path / "run"
    shutil.copytree(GOLDEN, folder)
    bundle = folder / "bundle.dsse.json"
    bundle.write_bytes(bundle.read_bytes().replace(b'"sig":"', b'"sig":"00', 1))
    reply = client.ask("POST", "/api/v1/runs", b"".join(packed(folder)), TAR)
    assert reply.status == 422
    assert json.loads(reply.text)["detail"].startswith("does not verify: bundle.dsse.json")
    for body, headers, status in (
        (b"", TAR, 400),
        (b"no archive", TAR, 400),
        (b"".join(packed(GOLDEN))[:5000], TAR, 400),
        (b"x", {**TAR, "Content-Encoding": "br"}, 415),
    ):
        refused = client.ask("POST", "/api/v1/runs", body, headers)
        assert (refused.status, refused.text.count("\n")) == (status, 1)
    (folder / "bundle.dsse.json").unlink()
    assert "has no bundle.dsse.json" in client.ask("POST", "/api/v1/runs", b"".join(packed(folder)), TAR).text
    assert [*(site.data / "incoming").iterdir()] == []
    assert "push-refused" in site.administrator().get("/admin/audit").text


def test_a_push_that_is_broken_off_is_put_on_record(site: Site) -> None:
    address, token = urlsplit(site.base), site.token()
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(
            f"POST /api/v1/runs HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/x-tar\r\nContent-Encoding: gzip\r\nContent-Length: 100000\r\n\r\n".encode()
        )
        connection.sendall(b"".join(packed(GOLDEN))[:2000])
    administrator, line = site.administrator(), "the connection was closed before the whole run was here"
    for _ in range(100):
        if line in administrator.get("/admin/audit").text:
            return
        threading.Event().wait(0.05)
    raise AssertionError("no line of the audit log says so")


def test_a_damaged_copy_of_a_run_that_is_here_changes_nothing(site: Site, tmp_path: Path) -> None:
    seal, folder = pushed(site), tmp_path / "run"
    shutil.copytree(GOLDEN, folder)
    (folder / "scores.jsonl").write_bytes(b"")
    reply = site.with_token().ask("POST", "/api/v1/runs", b"".join(packed(folder)), TAR)
    assert (reply.status, json.loads(reply.text)["seal"]) == (200, seal)
    kept = site.administrator().get(f"/p/default/runs/{seal}/files/scores.jsonl").body
    assert kept == (GOLDEN / "scores.jsonl").read_bytes()


def test_a_resealed_lie_is_refused(site: Site, tmp_path: Path) -> None:
    """Whoever edits a report and seals again has a seal that holds, of a verdict that does not follow."""
    from steelyard.evidence.bundle import seal_bundle

    folder = tmp_path / "run"
    shutil.copytree(GOLDEN, folder)
    report = folder / "report.json"
    report.write_bytes(report.read_bytes().replace(b'"verdict":"inconsistent"', b'"verdict":"consistent"'))
    (folder / "plan.dsse.json").write_bytes(unsigned((folder / "plan.dsse.json").read_bytes()))
    for name in ("checkpoints.jsonl", "ledger.jsonl"):
        (folder / name).unlink()
    extra = {key: value for key, value in Bundle.open(GOLDEN).predicate.items() if key in ("renderer",)}
    seal_bundle(folder, extra, None)
    reply = site.with_token().ask("POST", "/api/v1/runs", b"".join(packed(folder)), TAR)
    assert reply.status == 422, reply.text


def unsigned(envelope: bytes) -> bytes:
    document = json.loads(envelope)
    document["signatures"] = []
    return json.dumps(document, separators=(",", ":")).encode()


def test_a_tar_that_is_not_compressed_is_taken_too(site: Site) -> None:
    import gzip

    plain = gzip.decompress(b"".join(packed(GOLDEN)))
    reply = site.with_token().ask("POST", "/api/v1/runs", plain, {"Content-Type": "application/x-tar"})
    assert reply.status in (200, 201)
    assert pushed(site) == json.loads(reply.text)["seal"]
