"""Bounds, objectives and estimators of information-theoretic representation learning."""

__version__ = "0.1.0"
