"""Repeated motion: a metric in place of the human raters of LEO's Table 5."""
