"""Entry point of the installed script and of ``python -m zhisheng``."""

import sys

from zhisheng.cli import run


def main() -> None:
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
