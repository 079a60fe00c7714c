"""Motion that comes back: the occurrence of LEO's Table 5 without raters."""
