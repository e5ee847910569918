"""A small world: real language models of one million operations a character, honest ones and cheaters, trained here."""
