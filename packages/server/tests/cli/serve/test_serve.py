from __future__ import annotations

import pytest

from steelyard.cli import execute


def test_reach_is_checked_before_anything_starts(capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    assert execute(["serve", "--data", f"{tmp_path}/data", "--bind", "0.0.0.0:80"]) == 2
    assert "in clear" in capsys.readouterr().err
    assert execute(["serve", "--data", f"{tmp_path}/data", "--bind", "nonsense"]) == 2


def test_an_option_before_the_subcommand_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    assert execute(["serve", "--data", f"{tmp_path}", "doctor"]) == 2
    assert "--data belongs behind doctor" in capsys.readouterr().err


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["serve", "--help"]) == 0
    found = capsys.readouterr().out
    assert "admin-link" in found
    assert "--trusted-proxy" in found


def test_half_an_identity_provider_is_one_line_from_options_and_from_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    assert execute(["serve", "--data", f"{tmp_path}/data", "--oidc-client-id", "steelyard"]) == 2
    assert "single sign-on needs --oidc-issuer" in capsys.readouterr().err
    monkeypatch.setenv("OIDC_ISSUER", "http://id.example")
    monkeypatch.setenv("OIDC_CLIENT_ID", "steelyard")
    monkeypatch.setenv("OIDC_CLIENT_SECRET_FILE", f"{tmp_path}/secret")
    assert execute(["serve", "--data", f"{tmp_path}/data"]) == 2
    found = capsys.readouterr().err
    assert "--oidc-issuer takes the https address" in found
    assert found.count("\n") == 1
