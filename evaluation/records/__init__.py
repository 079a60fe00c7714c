"""Numbers with their provenance, as JSON. Nothing here imports torch."""
