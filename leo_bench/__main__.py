"""`python -m leo_bench`: the command `leo-bench`."""

from leo_bench.benchmarks.cli.main import main

if __name__ == "__main__":
    main()
