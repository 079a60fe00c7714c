"""The training loop, its players and its run folder."""
