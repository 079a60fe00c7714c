"""Tables of all records of a folder: rows and columns are facts of the records."""
