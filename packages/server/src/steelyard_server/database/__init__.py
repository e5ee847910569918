"""The platform's PostgreSQL: our own in the data folder, or the team's; its schema, its audit log, its backups."""
