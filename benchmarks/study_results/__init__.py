"""Results of a user study: raters' answers, checked and put together, as tables and records."""
