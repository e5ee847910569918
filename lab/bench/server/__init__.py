"""What the platform costs: its database and its pages."""
