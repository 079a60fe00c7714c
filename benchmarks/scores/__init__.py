"""From the options of a command to its record: requests, plans, measurements, records."""
