"""Additional content of reports and bundles: example clips, and feature statistics."""
