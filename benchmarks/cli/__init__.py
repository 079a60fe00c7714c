"""The commands of `leo-bench`: each reads options, calls one function and shows the result."""
