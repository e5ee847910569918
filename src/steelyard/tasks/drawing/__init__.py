"""Pictures of generated tasks: the same SVG from the same seed, and from it the same PNG where versions are equal.

Letters are outlines that are shipped with the package (DejaVu, ``outlines/LICENSE_DEJAVU``): no font of the machine is
ever looked for.
"""
