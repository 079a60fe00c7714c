"""Clips of a report and statistics of a bundle."""
