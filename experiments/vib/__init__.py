"""Experiments of Deep VIB."""
