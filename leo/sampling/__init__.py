"""Videos from a trained LEO: codes, first frames, rendering, editing."""
