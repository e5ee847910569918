"""Runs that were accepted: their rows in the database, their sealed folders in the data folder."""
