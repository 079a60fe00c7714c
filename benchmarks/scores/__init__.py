"""One module a score: from the options of a command to a record."""
