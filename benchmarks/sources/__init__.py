"""`KIND:LOCATION` on the command line -> a source of videos."""
