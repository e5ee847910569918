"""D0, the desk screen: what a table shows by arithmetic alone."""
