"""``python -m likely`` is the command ``likely``."""

from likely.cli import main

main()
