"""The compared methods: their published numbers, and readers of what they write."""

DISTRIBUTION = "leo-bench"
