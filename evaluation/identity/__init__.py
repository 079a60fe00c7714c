"""Who is seen, and whether that stays: ACD and identity drift."""
