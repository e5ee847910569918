"""``steelyard serve`` from start to end: data folder, database, migrations, the first link, then requests."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import ExitCode, MissingDependency, StorageError
from steelyard_server.http.logs import JsonLog, log_libraries
from steelyard_server.listener import BACKLOG, Listener, TimedLoop, listen

if TYPE_CHECKING:
    import uvicorn

    from steelyard_server.database.connection import Database
    from steelyard_server.endpoints.rows import Endpoints
    from steelyard_server.platform import Platform
    from steelyard_server.settings import ServeSettings

__all__ = ["serve"]

KEEP_ALIVE_SECONDS: Final = 15
STOP_SECONDS: Final = 20  # for requests in flight
MAX_CONNECTIONS: Final = 500
WATCH_SECONDS: Final = 1.0
DELIVER_SECONDS: Final = 3.0  # for what is being sent when the server ends
_NEEDED: Final = ("starlette", "uvicorn", "psycopg_pool", "argon2", "joserfc", "prometheus_client")


def serve(settings: ServeSettings, say: Callable[[str], None]) -> int:
    """Serve until Ctrl-C or SIGTERM; ``say`` prints a line for the person who started it.

    Raises InputError where something that was asked for cannot be had, MissingDependency without the extra.
    """
    check_dependencies()
    from steelyard_server.database.connection import open_database
    from steelyard_server.database.folder import folder_id, open_data_folder
    from steelyard_server.database.locks import serving_alone
    from steelyard_server.endpoints.own_places import note_own_places
    from steelyard_server.platform import build_platform
    from steelyard_server.runs.folders import clear_incoming

    data = open_data_folder(settings.data)
    listener = listen(settings)
    settings = replace(settings, port=listener.getsockname()[1])
    with listener, serving_alone(data), open_database(data, settings.run_as, say) as database:
        for line in prepare(database):
            say(line)
        with database.connect() as connection:
            note_own_places(connection, settings, database, folder_id(data))
        clear_incoming(data)
        with database.pool() as pool:
            platform = build_platform(settings, data, database, pool, JsonLog())
            for line in prepare_keys(platform.endpoints):
                say(line)
            if os.geteuid() == 0:
                say("it runs as root: give it a user of its own (docs/how-to/serve.md has a unit for systemd)")
            if settings.is_loopback and settings.public_url == "":
                say("only this machine can reach it: see --bind, --public-url and --tls-cert for others")
            if (link := first_link(database, settings)) is not None:
                say(f"no administrator yet. For 15 minutes, once: {link}")
            say(f"serving {settings.base_url}  (data: {data.path}); Ctrl-C stops")
            with _delivering(platform):
                _run(platform, listener)
    return int(ExitCode.CONSISTENT)


def check_dependencies() -> None:
    """Raise MissingDependency where the extra is not installed."""
    import importlib.util

    for name in _NEEDED:
        if importlib.util.find_spec(name) is None:
            raise MissingDependency(f"steelyard serve needs {name}: pip install 'steelyard[server]'")


def prepare(database: Database) -> list[str]:
    """Bring our own database to this program's schema, and say so; the team's must have it, by ``serve migrate``."""
    from steelyard_server.database.migrate import apply_migrations, check_schema

    said: list[str] = []
    if database.is_embedded:
        with database.connect_as_owner() as connection:
            done = apply_migrations(connection, database.application_role)
        if done and done[0].number > 1:
            said.append(
                f"schema {done[0].number - 1} → {done[-1].number}: this version's; an older steelyard does not open it "
                "any more"
            )
    with database.connect() as connection:
        check_schema(connection)
    return said


def prepare_keys(endpoints: Endpoints) -> Iterator[str]:
    """Make the secret key where there is none; what is wrong with it, in lines: the platform starts anyway."""
    file = endpoints.key_file
    if file.make():
        yield f"a new secret key, which is in no backup: keep a copy of {file.path}"
    if problem := file.problem():
        yield f"no key of an endpoint can be kept or used: {problem}"
    if names := endpoints.unreadable():
        yield f"the secret key does not read the keys of these endpoints, give them again: {', '.join(names)}"


def first_link(database: Database, settings: ServeSettings) -> str | None:
    """The address that makes the first administrator; None where there is one."""
    from steelyard_server.access.people import has_administrator, new_admin_link

    with database.connect() as connection:
        if has_administrator(connection):
            return None
        return link_address(settings.base_url, new_admin_link(connection, "serve"))


def link_address(base_url: str, secret: str) -> str:
    """The address of a one-time link."""
    return f"{base_url}/welcome?code={secret}"


@contextmanager
def _delivering(platform: Platform) -> Iterator[None]:
    """Send webhooks and mail for the length of the block; what is on its way at its end is sent again later."""
    from steelyard_server.endpoints.own_places import own_places
    from steelyard_server.notify.deliverer import Deliverer

    settings = platform.settings
    deliverer = Deliverer(
        platform.pool,
        platform.endpoints.key_file,
        platform.mail_servers,
        lambda: own_places(settings, platform.database),
        base_url=settings.base_url,
        issuer=settings.oidc.issuer if settings.oidc else "",
        log=platform.log,
    )
    stop = threading.Event()
    thread = threading.Thread(target=deliverer.run, args=(stop,), name="deliverer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(DELIVER_SECONDS)


def _run(platform: Platform, listener: Listener) -> None:
    """Answer requests until a signal; uvicorn takes SIGINT and SIGTERM, and lets requests in flight end."""
    import uvicorn

    from steelyard_server.app import build_app

    log_libraries(platform.log)
    server = uvicorn.Server(_config(platform.settings, build_app(platform)))

    async def until_stopped() -> None:
        watching = asyncio.create_task(_watch(platform.database, server))
        try:
            await server.serve(sockets=[listener])
        finally:
            watching.cancel()
            platform.intake.stop()
            platform.suite_intake.stop()
            platform.judges.stop()
            platform.pasting.stop()
            platform.answers.stop()
            platform.comparisons.stop()

    with asyncio.Runner(loop_factory=TimedLoop) as runner:
        runner.run(until_stopped())
    if _has_ended(platform.database):
        raise StorageError(f"{platform.data.path}: the database has ended by itself: see {platform.data.log}")


async def _watch(database: Database, server: uvicorn.Server) -> None:
    """End the server where its own database has ended: whoever started it, as systemd, then starts both again."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        if _has_ended(database):
            server.should_exit = True
            return


def _has_ended(database: Database) -> bool:
    return database.embedded is not None and not database.embedded.is_alive()


def _config(settings: ServeSettings, app: Any) -> uvicorn.Config:
    import uvicorn

    from steelyard_server.web.protocol import timed_protocol

    return uvicorn.Config(
        app,
        http=timed_protocol(),
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        backlog=BACKLOG,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
