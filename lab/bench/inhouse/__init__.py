"""Error rates of the statistics of in-house testing: ``python -m bench.inhouse [judge|leak|gate|choose|watch]``.

Each part is a module with ``tables(runs)``; every share is printed with the interval of Clopper and Pearson.
"""
