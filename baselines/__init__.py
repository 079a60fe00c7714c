"""The compared methods: their published numbers, and readers of what they write."""

if __name__ != "leo_bench.baselines":  # under two names every class would be there twice
    raise ImportError("import leo_bench.baselines, not baselines")
