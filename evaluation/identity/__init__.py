"""Preservation of identity: ACD, identity drift, and verification by distances."""
