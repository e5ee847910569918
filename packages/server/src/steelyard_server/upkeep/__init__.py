"""What is done to the whole platform: backup, restore, retention, withdrawal, erasure, export, a new secret key."""
