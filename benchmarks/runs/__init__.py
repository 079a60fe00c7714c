"""LEO from the command line: training, sampling, editing and animation."""
