"""The integrity detectors, one file each: off the network, and accusing only at a known error rate."""
