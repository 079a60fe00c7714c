"""Several processes at one command: all divide the work on videos, the first gives the result."""
