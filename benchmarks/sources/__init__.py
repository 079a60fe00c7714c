"""Opens the videos that `KIND:LOCATION` on the command line names."""
