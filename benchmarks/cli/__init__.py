"""leo-bench: one module a family of verbs; each parses, calls one function, prints."""
