"""What published codes returned, beside what ours returns: the comparisons and their page."""

from experiments.published_codes.page import write

__all__ = ["write"]
