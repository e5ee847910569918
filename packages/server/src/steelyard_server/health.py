"""What other programs ask: is the process alive, can it work, its numbers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from steelyard.errors import SteelyardError
from steelyard_server.database.reading import reading
from steelyard_server.http.replies import json_reply

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.platform import Platform
    from steelyard_server.web.call import Call

__all__ = ["LEAST_FREE", "problems", "show_health", "show_metrics", "show_readiness"]

LEAST_FREE: Final = 1 << 30  # bytes: below, no push is taken


async def show_health(_: Call) -> Response:
    """200: the process answers. It asks nothing of the database, and waits for no thread."""
    return json_reply(200, {"status": "alive"})


def show_readiness(call: Call) -> Response:
    """200 where it can work, else 503; ``append_only`` says on what that rests."""
    found = [*problems(call.platform)]
    rests = "triggers alone: owner and application are one role" if call.platform.database.is_one_role else "two roles"
    status = 503 if found else 200
    return json_reply(
        status, {"status": "ready" if not found else "not ready", "problems": found, "append_only": rests}
    )


def show_metrics(call: Call) -> Response:
    """The counters, for Prometheus."""
    from starlette.responses import Response

    return Response(call.platform.metrics.text(), media_type="text/plain; version=0.0.4")


def problems(platform: Platform) -> Iterator[str]:
    """Why it cannot work now, in lines that say no secret and no address."""
    import psycopg
    from psycopg_pool import PoolTimeout

    from steelyard_server.database.migrate import check_schema

    embedded = platform.database.embedded
    try:
        if embedded is not None and not embedded.is_alive():
            yield "the database has ended: start the server again"
        else:
            with reading(platform.pool, timeout=3) as connection:
                check_schema(connection)
    except SteelyardError as error:
        yield str(error)
    except (PoolTimeout, psycopg.Error):
        yield "the database does not answer"
    if not os.access(platform.data.path, os.W_OK):
        yield "the data folder cannot be written"
    if shutil.disk_usage(platform.data.path).free < LEAST_FREE:
        yield f"less than {LEAST_FREE >> 20:,} MB are free on the disk: no run is taken"
