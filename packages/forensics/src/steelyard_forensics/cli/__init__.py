"""The member's commands."""
