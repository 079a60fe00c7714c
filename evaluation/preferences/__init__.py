"""Statistics of raters' answers: shares, rankings, agreement, and how much a study can find."""
