"""How the book and its results are made; see the ``Snakefile`` for the graph."""
