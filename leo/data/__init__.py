"""Training data: videos, augmentation, motion codes."""
