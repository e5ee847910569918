"""One table held against several models."""
