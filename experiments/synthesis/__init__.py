"""Experiments of the synthesis."""
