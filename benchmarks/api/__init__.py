"""The Python API: distances and scores of folders, arrays and tensors, and their results."""
