"""What people and programs are told: events in an outbox, signed webhooks of a project, and mail."""
