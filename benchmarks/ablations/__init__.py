"""The paper's ablations, one TOML file each: LMC (Table 4) and Transition DM (Table 5)."""
