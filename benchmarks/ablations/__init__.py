"""Ablations, one TOML file each: LMC (Table 4), Transition DM (Table 5), and history (ours)."""
