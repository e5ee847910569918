from __future__ import annotations

import pytest

from steelyard.errors import InputError
from steelyard_server.notify.form import Target, read_kinds, read_place, read_target


def test_an_address_is_read_with_its_usual_port_path_and_query() -> None:
    assert read_target("https://Hooks.example.com/a/b?c=d") == Target("https", "hooks.example.com", 443, "/a/b?c=d")
    assert read_target("http://10.0.0.7:8080") == Target("http", "10.0.0.7", 8080, "/")
    assert read_target("http://[fd00::7]/x") == Target("http", "fd00::7", 80, "/x")
    assert read_place("https://hooks.example.com") == Target("https", "hooks.example.com", 443)


@pytest.mark.parametrize(
    "url",
    ["", "hooks.example.com", "ftp://x.example/", "https://", "https://user:secret-word@x.example/", "https://x.example/#a",
     "https://x.example/a b", "https://x.example/a\r\nHost: y", "https://x.example:0/", "https://x.example:99999/",
     "https://x.example/<script>", "https://bücher.example/", "file:///etc/passwd", "https://x.example/" + "a" * 700],
)  # fmt: skip
def test_what_is_no_such_address_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(InputError) as caught:
        read_target(url)
    assert "secret-word" not in str(caught.value)


def test_a_place_has_no_path() -> None:
    with pytest.raises(InputError, match="scheme, host and port alone"):
        read_place("https://hooks.example.com/services/secret")


def test_kinds_are_of_the_list_and_at_least_one() -> None:
    assert read_kinds(["job.failed", "run.verified"]) == ("run.verified", "job.failed")
    assert read_kinds([], least=0) == ()
    for wrong in ([], ["run.verified", "no.such"]):
        with pytest.raises(InputError):
            read_kinds(wrong)
