"""Secrets that the platform must give to others, such as keys of endpoints: encrypted by a key outside the database."""
