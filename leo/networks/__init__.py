"""Networks, as tensors in and tensors out; nothing here knows of files or training."""
