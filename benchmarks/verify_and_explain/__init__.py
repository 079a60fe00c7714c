"""Compute the numbers of records again, and explain what sets two records apart."""
