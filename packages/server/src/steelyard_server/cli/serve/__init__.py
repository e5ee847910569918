"""``steelyard serve``: the team's platform; without a subcommand it serves until Ctrl-C."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.lazy_group import LazyGroup
from steelyard_server.cli.serve.options import data_option, oidc_options, run_as_option, tell

__all__ = ["command"]

COMMANDS = {
    "admin-link": "print a one-time link that makes the first administrator",
    "backup": "write a backup of the platform to one file: its database, then its runs",
    "doctor": "check what the platform needs on this machine, and say how to fix what is missing",
    "erase": "erase a person: the name and the password; runs and audit lines keep a number",
    "export": "write everything that names one person to a file of JSON lines",
    "migrate": "bring the database's schema to this version",
    "restore": "restore a backup into an empty folder, and an empty database",
    "rotate-key": "make a new secret key, and encrypt the keys of endpoints anew",
    "retain": "say what is over (old months of the audit log, texts, sessions), and delete it",
    "withdraw": "take out a run that was pushed by mistake: its files and texts; its row stays",
}
DEFAULT_BIND = "127.0.0.1:8420"


@click.group(cls=LazyGroup, package=__name__, summaries=COMMANDS, invoke_without_command=True)
@data_option
@click.option(
    "--bind", metavar="HOST:PORT", default=DEFAULT_BIND, show_default=True, help="Listen here; port 0: any free one."
)
@click.option(
    "--public-url",
    metavar="URL",
    default="",
    help="The address by which people reach it, such as https://evals.example.com.",
)
@click.option(
    "--trusted-proxy",
    "proxies",
    metavar="CIDR",
    multiple=True,
    help="A proxy in front, which ends TLS: its X-Forwarded headers are believed; may be given several times.",
)
@click.option(
    "--tls-cert", type=click.Path(path_type=Path), metavar="FILE", help="The certificate chain (PEM), with --tls-key."
)
@click.option("--tls-key", type=click.Path(path_type=Path), metavar="FILE", help="The private key of --tls-cert (PEM).")
@oidc_options
@run_as_option
@click.pass_context
def command(
    context: click.Context,
    data: Path,
    bind: str,
    public_url: str,
    proxies: tuple[str, ...],
    tls_cert: Path | None,
    tls_key: Path | None,
    oidc_issuer: str,
    oidc_client_id: str,
    oidc_client_secret_file: Path | None,
    oidc_groups_claim: str,
    oidc_scopes: str,
    oidc_ca_file: Path | None,
    run_as: str,
) -> int:
    """Serve the team's platform: verdicts that were pushed, verified again, for everybody who may look.

    Everything is in one data folder, with a database of its own; where DATABASE_URL is set, it uses that one. It
    listens on this machine alone, and elsewhere only with TLS or behind a trusted proxy. Needs the extra server.
    """
    from steelyard.errors import InputError

    if context.invoked_subcommand is not None:
        given = [name for name in context.params if context.get_parameter_source(name).name == "COMMANDLINE"]  # type: ignore[union-attr]
        if given:
            option = "--" + given[0].replace("_", "-")
            raise InputError(f"{option} belongs behind {context.invoked_subcommand}, where that takes it")
        return 0
    from steelyard_server.oidc.settings import oidc_settings
    from steelyard_server.serving import serve
    from steelyard_server.settings import serve_settings

    oidc = oidc_settings(
        issuer=oidc_issuer,
        client_id=oidc_client_id,
        secret_file=oidc_client_secret_file,
        groups_claim=oidc_groups_claim,
        scopes=oidc_scopes,
        ca_file=oidc_ca_file,
    )
    settings = serve_settings(
        data=data,
        bind=bind,
        public_url=public_url,
        proxies=proxies,
        tls_cert=tls_cert,
        tls_key=tls_key,
        run_as=run_as,
        oidc=oidc,
    )
    return serve(settings, tell)
