"""The tests over finished runs, as calls from Python."""
