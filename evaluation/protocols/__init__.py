"""Evaluation protocols as data: `clips/*.toml` for clips, `frames/*.toml` for single frames."""
