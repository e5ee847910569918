"""The test of whether an endpoint fails to serve some items: what failed is asked again (docs/statistics.md)."""
