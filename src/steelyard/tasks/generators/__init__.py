"""Seeded generators. The public seed gives a benchmark; any other seed gives exchangeable twins of it."""
