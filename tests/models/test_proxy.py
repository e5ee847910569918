"""The proxy of an endpoint comes from the environment; loopback has none."""

from __future__ import annotations

import pytest

from steelyard.models.proxy import proxy_of


def test_the_environment_names_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "internal.example")
    assert proxy_of("https://api.example.com/v1") == "http://proxy.example:3128"
    assert proxy_of("https://internal.example/v1") is None
    assert proxy_of("https://127.0.0.1:8000/v1") is None
