"""Options that the commands of ``steelyard serve`` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["data_option", "oidc_options", "run_as_option", "tell"]

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("steelyard-data"),
    show_default=True,
    help="The folder of the platform: database, runs, keys.",
)
run_as_option = click.option(
    "--run-as",
    metavar="USER",
    default="",
    help="As root: whose rights the database gets (default: nobody).",
)

# Each may come from the environment, as OIDC_ISSUER.
_OIDC = (
    click.option(
        "--oidc-issuer",
        metavar="URL",
        default="",
        envvar="OIDC_ISSUER",
        help="Single sign-on: the identity provider, as its discovery calls itself.",
    ),
    click.option(
        "--oidc-client-id",
        metavar="ID",
        default="",
        envvar="OIDC_CLIENT_ID",
        help="By which the provider knows this platform.",
    ),
    click.option(
        "--oidc-client-secret-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        envvar="OIDC_CLIENT_SECRET_FILE",
        help="The secret that the provider gave for it.",
    ),
    click.option(
        "--oidc-groups-claim",
        metavar="NAME",
        default="groups",
        show_default=True,
        envvar="OIDC_GROUPS_CLAIM",
        help="The claim that names a person's groups.",
    ),
    click.option(
        "--oidc-scopes",
        metavar="SCOPES",
        default="openid profile",
        show_default=True,
        envvar="OIDC_SCOPES",
        help="What is asked of the provider.",
    ),
    click.option(
        "--oidc-ca-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        envvar="OIDC_CA_FILE",
        help="Certificates (PEM) to trust for the provider, beside those of this machine.",
    ),
)


def oidc_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name an identity provider."""
    for option in reversed(_OIDC):
        command = option(command)
    return command


def tell(line: str) -> None:
    """Say on stderr what takes a moment."""
    click.echo(line, err=True)
