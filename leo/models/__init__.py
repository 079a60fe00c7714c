"""Trained networks as they are used: the animator, motion models, starting frames."""
