from __future__ import annotations

from pathlib import Path

from steelyard.server.database.folder import open_data_folder
from steelyard.server.doctor import _secret_key, examine
from steelyard.server.encryption.key_file import secret_key_file
from tests.server.database.rows import fill
from tests.server.databases import started
from tests.server.site import Site


def test_beside_a_server_everything_is_looked_at(site: Site) -> None:
    site.administrator()
    found = {each.what: each for each in examine(site.data, "", lambda _: None)}
    assert [*found] == [
        "extra server", "isolation", "data folder", "secrets", "secret key", "disk", "database", "roles", "schema",
        "audit log", "administrator", "keys of endpoints",
    ]  # fmt: skip
    assert all(each.works for each in found.values())
    assert found["administrator"].text == "there is one"


def test_the_files_of_runs_are_compared_with_what_was_received(data: Path) -> None:
    folder = open_data_folder(data)
    with started(data) as database:
        fill(database, folder)
        found = [each for each in examine(data, "", lambda _: None, runs=True) if each.what == "runs"]
        assert [(each.works, each.text) for each in found] == [(True, "6 files are as they were received")]
        plan, journal = (
            min(folder.runs.glob("*/*/plan.dsse.json")),
            min(folder.runs.glob("*/*/journal/main-0000.jsonl")),
        )
        plan.write_bytes(b"{ }")
        journal.unlink()
        *_, last = examine(data, "", lambda _: None, runs=True)
    assert (last.what, last.works, last.text) == ("runs", False, "2 of 6 files are gone, or not as they were received")
    assert str(plan.relative_to(data)) in last.fix


def test_a_folder_that_is_none_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "something").write_text("else")
    *_, last = examine(tmp_path, "", lambda _: None)
    assert (last.what, last.works) == ("data folder", False)
    assert "steelyard serve --data" in last.fix


def test_a_secret_key_that_others_read_is_named(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data")
    file = secret_key_file(folder, {})
    assert _secret_key(folder).text.startswith("none yet")
    file.make()
    assert _secret_key(folder).works
    file.path.chmod(0o644)
    found = _secret_key(folder)
    assert (found.works, "chmod 600 it" in found.text) == (False, True)
