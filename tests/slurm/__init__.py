"""A trial of the workflow on a Slurm of its own: python -m tests.slurm."""
