"""``python -m ibutils``: the command line."""

from ibutils.command_line import main

if __name__ == "__main__":
    main()
