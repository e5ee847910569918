"""A vendor's published outputs, held against weights or served answers."""
