"""Runs model-written Python in isolation, or not at all.

:mod:`steelyard.scorers.sandbox.box` runs one program; :mod:`steelyard.scorers.sandbox.examine` scores one against
tests, in such a way that no program can score itself. Each run has a control group (memory and processes of all its
processes together), another user where we are root, namespaces of its own without capabilities, resource limits, and
a filter of system calls.
"""
