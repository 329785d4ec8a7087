"""Experiments of Information Dropout."""
