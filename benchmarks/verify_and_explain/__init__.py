"""Records made again, and what sets two of them apart."""
