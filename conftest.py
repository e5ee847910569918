"""The fixtures that all tests share: see lab/testkit/fixtures.py."""

pytest_plugins = ["testkit.fixtures"]
