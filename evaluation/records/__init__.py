"""Records: numbers with their provenance, as JSON. No module here imports torch."""
