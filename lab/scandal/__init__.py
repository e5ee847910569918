"""The scandal, replayed: a vendor whose table no model that it sells could give, and what tests can show of it.

``make scandal`` runs it, ``make scandal-table`` makes the vendors' tables again; docs/scandal.md tells the story.
"""
