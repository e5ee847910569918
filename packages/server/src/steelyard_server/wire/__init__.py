"""The records of the HTTP API, which server and client read alike."""
