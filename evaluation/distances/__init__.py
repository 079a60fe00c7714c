"""Distances between two sets of features, and precision and recall: functions of tensors."""
