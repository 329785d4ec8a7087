"""Take the checksums of all files of numbers: python -m experiments.published_codes."""

from experiments.published_codes.fixture import folder, write_checksums

if __name__ == "__main__":
    write_checksums(folder())
