"""The server of a user study: pages for raters and for the one who runs it, votes in SQLite."""
