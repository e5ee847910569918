"""V-JEPA pre-training measured on real video files: made here, and taken from a package of the index."""
