"""What a worker finds out for a job before its process starts: the endpoint with its key, and what is not called."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from steelyard.errors import InputError, StorageError
from steelyard_server.database.audit import append_audit
from steelyard_server.database.connection import URL
from steelyard_server.encryption.key_file import secret_key_file
from steelyard_server.encryption.keyring import UnreadableError
from steelyard_server.endpoints.own_places import noted_own_places
from steelyard_server.endpoints.rows import with_key
from steelyard_server.jobs.messages import Setup
from steelyard_server.jobs.specification import BUILT_IN, Resumption, read_specification

if TYPE_CHECKING:
    import psycopg

    from steelyard_server.database.connection import Database
    from steelyard_server.database.folder import DataFolder
    from steelyard_server.encryption.key_file import SecretKeyFile
    from steelyard_server.endpoints.rows import Endpoint
    from steelyard_server.jobs.leases import Lease

__all__ = ["prepare_setup"]


def prepare_setup(
    connection: psycopg.Connection[Any],
    database: Database,
    data: DataFolder,
    lease: Lease,
    seconds: float,
    actor: str = "",
) -> Setup:
    """What the process of an attempt needs; that a key is used is put on record, for the job where ``actor`` is "".

    Raises InputError where the endpoint is retired or no longer has the model, and for a specification that none may
    have; UnreadableError where its key must be given again; StorageError where nobody knows where the platform listens,
    and where this worker has no secret key.
    """
    asked = read_specification(lease.specification)
    if isinstance(asked, Resumption):
        raise InputError("a resumption is done by the specification of the job that it goes on with")
    common: dict[str, Any] = {
        "data": str(data.path),
        "database_url": os.environ.get(URL, ""),
        "project": lease.project,
        "project_id": lease.project_id,
        "job": lease.job,
        "attempt": lease.attempt,
        "stored_run": lease.stored_run,
        "lease_seconds": seconds,
    }
    if lease.endpoint is None:
        return Setup(uri=BUILT_IN, **common)
    own = noted_own_places(connection, database)
    with connection.transaction():
        endpoint, key = _with_key(connection, secret_key_file(data), lease.endpoint)
        if asked.model not in endpoint.models:
            raise InputError(
                f"the endpoint {endpoint.name!r} no longer has the model {asked.model[:120]!r} in its list"
            )
        if key:
            details = {"attempt": lease.attempt}
            append_audit(
                connection, "use-endpoint-key", actor=actor or f"job:{lease.job}", subject=f"endpoint:{endpoint.id}",
                details=details,
            )  # fmt: skip
    is_priced = endpoint.price_in is not None and endpoint.price_out is not None
    return Setup(
        uri=f"{endpoint.kind}:{asked.model}@{endpoint.address}",
        host=endpoint.host,
        port=endpoint.port,
        key=key,
        calls=min(asked.concurrency or endpoint.concurrency, endpoint.concurrency),
        price=(float(endpoint.price_in or 0), float(endpoint.price_out or 0)) if is_priced else None,
        own=own,
        **common,
    )


def _with_key(connection: psycopg.Connection[Any], file: SecretKeyFile, number: int) -> tuple[Endpoint, str]:
    try:
        return with_key(connection, file, number)
    except UnreadableError:
        raise
    except InputError:
        if file.problem():  # which names a place of this machine, and another worker may have the file
            raise StorageError(
                "this worker cannot use the secret key of endpoints: steelyard serve doctor says why"
            ) from None
        raise
