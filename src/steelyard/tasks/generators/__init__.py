"""Seeded generators. A public seed is a benchmark; any other seed gives exchangeable twins of it."""
