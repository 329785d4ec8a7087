"""What published codes returned, beside what ours returns: the comparisons and their page."""
