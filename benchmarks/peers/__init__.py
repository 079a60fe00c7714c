"""Peers: other systems that compute what leo-bench computes, called where they are installed."""
