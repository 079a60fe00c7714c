"""Checks of the installation, and of the response of each metric to known damage."""
