from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from steelyard_server.database import locks
from steelyard_server.database.folder import open_data_folder
from steelyard_server.database.locks import FolderInUse, held, serving_alone
from testkit.fixtures import ROOT

SERVING = """
    import sys; from pathlib import Path
    from steelyard_server.database.folder import open_data_folder
    from steelyard_server.database.locks import serving_alone
    with serving_alone(open_data_folder(Path(sys.argv[1]))):
        print('serving', flush=True); sys.stdin.read()
"""


def test_one_process_serves_a_folder_whosever_the_database_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "TAKEN_SECONDS", 0.1)
    folder = open_data_folder(tmp_path / "data")
    program = "\n".join(line[4:] for line in SERVING.splitlines())
    command = [sys.executable, "-c", program, str(folder.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"serving\n"
        with (
            pytest.raises(FolderInUse, match="another process of steelyard uses this data folder"),
            serving_alone(folder),
        ):
            pass
        process.kill()
        process.wait()
        with serving_alone(folder):
            pass


def test_a_link_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"), held(tmp_path / "lock"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_no_two_purposes_have_one_advisory_lock() -> None:
    """A number is one module's, and those of the triggers are theirs; the audit log's and the suites' are both's."""
    places: dict[str, set[str]] = {}
    for path in (ROOT / "packages" / "server" / "src").rglob("*"):
        if path.suffix in (".py", ".sql"):
            for number in re.findall(r"\b81017382\d{5}\b", path.read_text()):
                places.setdefault(number, set()).add("sql" if path.suffix == ".sql" else path.stem)
    assert {number: found for number, found in places.items() if len(found) > 1} == {
        "8101738236420": {"sql", "audit"},
        "8101738236450": {"sql", "rows"},
    }
