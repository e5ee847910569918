"""The gauntlet: known honest vendors and known cheaters, to measure how often detectors are wrong."""
