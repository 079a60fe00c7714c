"""leo-bench: LEO human-video generation, and a benchmark whose numbers can be trusted.

benchmarks/   data sets, suites, the command line `leo-bench`, speed
reports/      tables, regression reports and pages, from records
baselines/    the compared methods: their published numbers, and adapters that run them
leo/          trainer and sampler of LEO (arXiv 2305.03989)
evaluation/   FVD, KVD, FID, ACD, drift and repetition, with intervals and provenance

In a checkout the five are links to the folders beside this one; in a wheel they are folders.
Importing this package loads none of them.
"""
