"""Clips and frames through a frozen network, cached by content."""
