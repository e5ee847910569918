from __future__ import annotations

from pathlib import Path

from steelyard.server.doctor import examine
from tests.server.site import Site


def test_beside_a_server_everything_is_looked_at(site: Site) -> None:
    site.administrator()
    found = {each.what: each for each in examine(site.data, "", lambda _: None)}
    assert [*found] == [
        "extra server", "isolation", "data folder", "secrets", "disk", "database", "roles", "schema", "audit log",
        "administrator",
    ]  # fmt: skip
    assert all(each.works for each in found.values())
    assert found["administrator"].text == "there is one"


def test_a_folder_that_is_none_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "something").write_text("else")
    *_, last = examine(tmp_path, "", lambda _: None)
    assert (last.what, last.works) == ("data folder", False)
    assert "steelyard serve --data" in last.fix
