"""External weights: the registry of files, their downloads, and loading their tensors."""
