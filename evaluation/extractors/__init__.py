"""Frozen networks that turn clips into features, and the table of their names."""
