"""LEO (arXiv 2305.03989): trainer and sampler."""

if __name__ != "leo_bench.leo":  # under two names every class would be there twice
    raise ImportError("import leo_bench.leo, not leo")
