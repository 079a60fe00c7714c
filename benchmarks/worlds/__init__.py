"""The embedded worlds toy-faces and toy-bodies, and the networks trained on them."""
