"""The statistics of these tests."""
