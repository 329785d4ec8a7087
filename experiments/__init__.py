"""What is trained and drawn for the chapters of the book."""
