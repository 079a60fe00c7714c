"""From records and published numbers to tables and pages; never imports torch."""

if __name__ != "leo_bench.reports":  # under two names every class would be there twice
    raise ImportError("import leo_bench.reports, not reports")
