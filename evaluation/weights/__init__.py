"""External weights: which there are, where they lie, how to fetch them."""
