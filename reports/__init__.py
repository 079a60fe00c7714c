"""From records and published numbers to tables and pages; never imports torch."""

DISTRIBUTION = "leo-bench"
