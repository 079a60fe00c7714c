"""LEO (arXiv 2305.03989): trainer and sampler."""

DISTRIBUTION = "leo-bench"
