"""Who asks: sessions, tokens, passwords and the one-time link of the first administrator."""
