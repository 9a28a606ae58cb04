"""``python -m likely.data.datasets FOLDER --rows 100000000 --files 100``: made-up card transactions of any number."""

from __future__ import annotations

import argparse

from likely.data.datasets.made import write_transactions


def main() -> None:
    """Write the transactions that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m likely.data.datasets", description=write_transactions.__doc__)
    parser.add_argument("folder", help="made if it is not there")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of all files together")
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    write_transactions(given.folder, given.rows, given.files, given.seed)


if __name__ == "__main__":
    main()
