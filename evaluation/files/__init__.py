"""Reading files of the user within bounds, and writing files atomically."""
