"""The pages, drawn on the server: they read without JavaScript, and share the look of the reports."""
