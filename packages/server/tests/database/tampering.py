"""Ways to tear and to tamper with a backup, each with what is said of it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Members = dict[str, bytes]


def _members(path: Path) -> Members:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def _write(path: Path, members: Members, *more: tuple[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for name, data in [*members.items(), *more]:
            file.writestr(zipfile.ZipInfo(name), data)


def _with_manifest(members: Members, change: Callable[[Any], None]) -> Members:
    manifest = json.loads(members["manifest.json"])
    change(manifest)
    return members | {"manifest.json": json.dumps(manifest).encode()}


def _resealed(members: Members) -> Members:
    """As somebody does who can also write the manifest."""
    found = {name: hashlib.sha256(data).hexdigest() for name, data in members.items() if name != "manifest.json"}
    return _with_manifest(members, lambda manifest: manifest.update(members=found))


def of_the_first_schema(source: Path, target: Path) -> None:
    """The same platform, as the first schema would have backed it up: no people's tables, each run by its seal."""
    members = _members(source)
    manifest = json.loads(members["manifest.json"])
    kept = ("project", "person", "session", "admin_link", "token", "run", "run_file", "audit")
    tables, folders = manifest["tables"], {}
    columns = tables["run"]["columns"]
    for line in members["database/run.copy"].decode().splitlines():
        row = dict(zip(columns, line.split("\t"), strict=True))
        folders[row["folder"]] = row["seal_sha256"]
    for table, added in (
        ("project", "text_months"),
        ("project", "approval_cost"),
        ("project", "approval_tokens"),
        ("token", "project_id"),
        ("run", "folder"),
        ("run", "scores_taken"),
        ("run", "samples"),
        ("run", "sample_keys"),
        ("run", "taken"),
    ):
        name, at = f"database/{table}.copy", tables[table]["columns"].index(added)
        lines = [line.split("\t") for line in members[name].decode().splitlines()]
        members[name] = "".join("\t".join(row[:at] + row[at + 1 :]) + "\n" for row in lines).encode()
        del tables[table]["columns"][at]
    found = {}
    for name, data in members.items():
        parts = name.split("/")
        if parts[0] == "runs" and parts[2] in folders:
            seal = folders[parts[2]]
            name = "/".join(["runs", seal[:2], seal, *parts[3:]])
        if parts[0] != "database" or parts[1].removesuffix(".copy") in kept:
            found[name] = data
    manifest.update(schema=manifest["schema"][:1], tables={table: tables[table] for table in kept})
    _write(target, _resealed(found | {"manifest.json": json.dumps(manifest).encode()}))


def torn(source: Path, target: Path) -> str:
    target.write_bytes(source.read_bytes()[:-100])
    return "cannot be read: no backup, or cut off"


def empty(source: Path, target: Path) -> str:
    target.write_bytes(b"")
    return "cannot be read: no backup, or cut off"


def another_zip(source: Path, target: Path) -> str:
    _write(target, {"readme.txt": b"hello"})
    return "is no backup of steelyard: it has no manifest"


def newer(source: Path, target: Path) -> str:
    _write(target, _with_manifest(_members(source), lambda manifest: manifest.update(format="steelyard-backup/2")))
    return r"is of the format 'steelyard-backup/2'"


def other_schema(source: Path, target: Path) -> str:
    _write(target, _with_manifest(_members(source), lambda manifest: manifest.update(schema=["0" * 64])))
    return "whose database this version does not know"


def changed_bytes(source: Path, target: Path) -> str:
    members = _members(source)
    name = next(name for name in members if name.endswith("main-0000.jsonl"))
    _write(target, members | {name: b"other"})
    return "main-0000.jsonl is not what its manifest says"


def missing(source: Path, target: Path) -> str:
    members = _members(source)
    members.pop("database/run.copy")
    _write(target, members)
    return "its members are not those of its manifest"


def added(source: Path, target: Path) -> str:
    _write(target, _members(source), ("more.txt", b"x"))
    return "its members are not those of its manifest"


def _named(name: str) -> Callable[[Path, Path], str]:
    def tamper(source: Path, target: Path) -> str:
        _write(target, _resealed(_members(source) | {name: b"x"}))
        return "it has a member that no backup has"

    return tamper


def file_of_no_run(source: Path, target: Path) -> str:
    _write(target, _resealed(_members(source) | {f"runs/00/{'0' * 64}/plan.dsse.json": b"x"}))
    return "no run of the backup has runs/00/"


def other_file(source: Path, target: Path) -> str:
    members = _members(source)
    name = next(name for name in members if name.endswith("plan.dsse.json"))
    _write(target, _resealed(members | {name: b"another plan"}))
    return "the backup lacks .*plan.dsse.json, or has another one"


def fewer_rows(source: Path, target: Path) -> str:
    members = _members(source)
    members["database/token.copy"] = b""
    _write(target, _resealed(members))
    return "table token has 0 rows, and its manifest says 2"


def other_rows(source: Path, target: Path) -> str:
    members = _members(source)
    members["database/person.copy"] = b"no rows at all\n"
    _write(target, _resealed(members))
    return r"table person cannot be loaded \(SQLSTATE 22"


def other_columns(source: Path, target: Path) -> str:
    def change(manifest: Any) -> None:
        manifest["tables"]["person"]["columns"][1] = "name\") FROM PROGRAM 'id'; --"

    _write(target, _with_manifest(_members(source), change))
    return "table person has other columns"


def other_chain(source: Path, target: Path) -> str:
    members = _members(source)
    members["database/audit.copy"] = members["database/audit.copy"].replace(b"sign-in", b"sign-on")
    _write(target, _resealed(members))
    return r"table audit cannot be loaded \(SQLSTATE 23"


def other_head(source: Path, target: Path) -> str:
    _write(target, _with_manifest(_members(source), lambda manifest: manifest.update(audit_sha256="0" * 64)))
    return "audit log has another head than its manifest"


def without_table(source: Path, target: Path, table: str) -> None:
    members = _members(source)
    del members[f"database/{table}.copy"]
    _write(target, _resealed(_with_manifest(members, lambda manifest: manifest["tables"].pop(table))))


def empty_log(source: Path, target: Path) -> str:
    def change(manifest: Any) -> None:
        manifest["tables"]["audit"]["rows"] = 0
        manifest.update(audit_lines=0, audit_sha256="0" * 64)

    _write(target, _resealed(_with_manifest(_members(source) | {"database/audit.copy": b""}, change)))
    return "audit log has another head than its manifest"


def further_table(source: Path, target: Path) -> str:
    def change(manifest: Any) -> None:
        manifest["tables"]["pg_authid"] = {"columns": [], "rows": 0}

    _write(target, _resealed(_with_manifest(_members(source) | {"database/pg_authid.copy": b""}, change)))
    return "has other tables than its schema"


TAMPERINGS: dict[str, Callable[[Path, Path], str]] = {
    "torn": torn,
    "empty": empty,
    "another zip": another_zip,
    "a newer format": newer,
    "another schema": other_schema,
    "a changed file": changed_bytes,
    "a missing table": missing,
    "an added file": added,
    "a path out of the folder": _named(f"runs/ab/ab{'0' * 62}/../../../evil"),
    "an absolute path": _named("/etc/evil"),
    "a secret": _named("secrets/database.json"),
    "a table of the system": _named("database/pg_authid.copy"),
    "a file of no run": file_of_no_run,
    "another file of a run": other_file,
    "fewer rows": fewer_rows,
    "rows that are none": other_rows,
    "other columns": other_columns,
    "rows of another chain": other_chain,
    "another head of the log": other_head,
    "an empty log": empty_log,
    "a table of the system in the manifest": further_table,
}
