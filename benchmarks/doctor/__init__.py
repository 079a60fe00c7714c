"""Is this installation able to give right numbers, and what does each metric notice?"""
