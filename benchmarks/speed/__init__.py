"""Speed and peak memory, as ratios within one run: absolute times say little elsewhere."""
