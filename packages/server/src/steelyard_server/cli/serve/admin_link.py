"""``steelyard serve admin-link``: a one-time link for the first administrator, at the machine itself."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard_server.cli.serve import DEFAULT_BIND
from steelyard_server.cli.serve.options import data_option, run_as_option, tell


@click.command()
@data_option
@click.option(
    "--at",
    "url",
    metavar="URL",
    default=f"http://{DEFAULT_BIND}",
    show_default=True,
    help="The address that the link begins with: that by which you reach the platform.",
)
@run_as_option
def command(data: Path, url: str, run_as: str) -> int:
    """Print a link that makes the first administrator: for 15 minutes, once, and only while there is none.

    Links that were printed before end. The platform may be serving meanwhile.
    """
    from steelyard_server.access.people import new_admin_link
    from steelyard_server.client.place import platform_address
    from steelyard_server.database.connection import open_database
    from steelyard_server.database.folder import open_data_folder
    from steelyard_server.serving import check_dependencies, link_address, prepare

    address = platform_address(url)
    check_dependencies()
    with open_database(open_data_folder(data, create=False), run_as, tell, beside=True) as database:
        prepare(database)
        with database.connect() as connection:
            secret = new_admin_link(connection, "owner")
    click.echo(link_address(address, secret))
    return 0
