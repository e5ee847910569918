"""Evidence that anyone can check offline: canonical bytes, a Merkle tree, in-toto statements in DSSE envelopes.

Nothing in this folder imports another part of Steelyard but ``steelyard.errors``: the standard library, cryptography,
rfc8785 and securesystemslib suffice to verify a bundle (:mod:`steelyard.evidence.verify`).
"""
