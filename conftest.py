"""The fixtures that all tests share: see lab/testkit/fixtures.py."""

import os
from pathlib import Path

pytest_plugins = ["testkit.fixtures"]
# What tests start as a process of its own finds their helpers as they do.
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(Path(__file__).parent / "lab"), os.environ.get("PYTHONPATH")])
)
