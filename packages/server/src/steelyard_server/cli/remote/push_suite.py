"""``steelyard remote push-suite``: bring a private suite to the team's platform."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.options import json_option
from steelyard.cli.output import print_json
from steelyard_server.cli.remote.options import token_file_option


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--to", "url", required=True, metavar="URL", help="The platform, such as https://evals.example.com.")
@token_file_option
@json_option
def command(folder: Path, url: str, token_file: Path | None, as_json: bool) -> int:
    """Bring the suite FOLDER to the team's platform, where members of the token's project review it.

    Its suite.yaml must name URL among the endpoints that may see it. Sent are its own files, not what else lies there;
    an encrypted suite is not sent. The token, of the scope suite, comes from STEELYARD_TOKEN or --token-file, and goes
    to URL alone. Each version stays on the platform; the same files again change nothing.
    """
    import asyncio

    from steelyard.api.may_see import check_addresses
    from steelyard.reports.words import counted
    from steelyard.tasks.suite_file import suite_folder
    from steelyard.tasks.suite_task import task_from_suite
    from steelyard.util.text import one_line
    from steelyard_server.client.place import platform_address, read_token
    from steelyard_server.client.push_suite import push_suite
    from steelyard_server.suites.content import suite_files

    address, token, folder = platform_address(url), read_token(token_file), suite_folder(folder)
    names = suite_files(folder)
    suite = task_from_suite(folder, to_ask=False)
    check_addresses([suite], {"--to": address})
    found = asyncio.run(push_suite(folder, names, suite.suite, address, token))
    if as_json:
        print_json({"suite": suite.file.suite, "version": found.version, "digest": found.digest, "items": found.items,
                    "new": found.new, "url": one_line(found.url, 300)})  # fmt: skip
    else:
        said = f"{counted(found.items, 'item')}, {counted(len(names), 'file')}"
        click.echo(f"brought: {said}" if found.new else "is there already, with the same files")
        click.echo(f"page    {one_line(found.url, 300)}")
    return 0
