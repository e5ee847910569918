from __future__ import annotations

from pathlib import Path

from packages.server.tests.site import GOLDEN
from steelyard_server.web.files import HTML, archive_reply, file_reply
from steelyard_server.web.headers import SANDBOX_POLICY


def test_a_file_has_no_rights_and_its_length_and_a_download_its_name(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    with path.open("rb") as one, path.open("rb") as other:
        shown = file_reply(one, "report.html", HTML, as_download=False)
        sent = file_reply(other, "texts/a.jsonl", "application/octet-stream", as_download=True)
    assert shown.headers["content-security-policy"] == SANDBOX_POLICY
    assert (shown.headers["content-length"], "content-disposition" in shown.headers) == ("3", False)
    assert sent.headers["content-disposition"] == 'attachment; filename="texts-a.jsonl"'


def test_an_archive_is_named_by_the_seal() -> None:
    reply = archive_reply(GOLDEN, "ab" * 32)
    assert reply.headers["content-disposition"] == 'attachment; filename="abababababababab.tar.gz"'
    assert reply.media_type == "application/gzip"
