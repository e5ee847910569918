"""Writers: from passages of documents to questions, each with its answer and the exact place that holds it.

:class:`steelyard.suites.writers.model.ModelWriter` has a model write them and checks every one;
:class:`steelyard.suites.writers.cloze.ClozeWriter` works by rules alone. Which model may see a passage, and what is
redacted before, the caller decides.
"""
