"""Experiments of the information plane."""
