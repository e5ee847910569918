"""What a suite is made of: documents, cut into passages, and chat logs.

:func:`steelyard.suites.sources.documents.read_documents` and :func:`steelyard.suites.sources.chats.read_chats` are the
entrances. What they read is untrusted: each is bounded, and formats with a parser in C are read in a process of their
own.
"""
