"""Files of features, or of their statistics: written, read within bounds, and taken as a side."""
