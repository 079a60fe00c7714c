"""How many videos a number needs, before they are sampled: from records, or features of a few."""
