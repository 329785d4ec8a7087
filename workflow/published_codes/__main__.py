"""Take the checksums of all files of numbers: python -m workflow.published_codes."""

from workflow.published_codes.fixture import folder, write_checksums

if __name__ == "__main__":
    write_checksums(folder())
