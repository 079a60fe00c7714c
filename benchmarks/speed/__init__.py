"""How fast, as ratios within one run: a machine's load changes by the minute, ratios do not.

Never a test: nothing here fails because a machine is slow.
"""
