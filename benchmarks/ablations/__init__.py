"""The paper's ablations, one TOML file each: the LMC (Table 4) and the Transition DM (Table 5)."""
