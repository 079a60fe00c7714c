"""The command `leo-bench`: see `leo_bench.entry`."""
