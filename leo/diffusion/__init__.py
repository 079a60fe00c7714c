"""Gaussian diffusion over motion codes, and what conditions it."""
