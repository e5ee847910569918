"""The HTTP API for programs: its operations, the records that they take and give, the document that describes both."""
