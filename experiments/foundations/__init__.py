"""Experiments of the foundations."""
