"""The page of servers says what the profiles say now."""

from __future__ import annotations

from tools.servers_page import PAGE, page


def test_the_page_of_servers_is_what_the_profiles_say() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), "run: python -m tools.servers_page"
