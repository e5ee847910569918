"""Runs in the database: leases, the store that commits what a run writes, and the folder that comes out again."""
