"""What made the tables of `docs/` and of the READMEs."""
