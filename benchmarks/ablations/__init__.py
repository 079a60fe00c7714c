"""The paper's ablations as commands: `leo-bench ablate`. One TOML file beside this one each.

lmc           variants of the LMDM are trained, by seeds in pairs, and measured (Table 4)
transition    one model draws long motion in two ways (Table 5)
"""
