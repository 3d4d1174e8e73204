"""`python -m local up|down|status|demo|serve|gateway`; every failure is one sentence and exit code 1."""

import argparse
import sys

from local import commands, demo
from local.processes import StackError
from shared.core.errors import SynapseError

_COMMANDS = {
    "up": commands.up,
    "down": commands.down,
    "status": commands.status,
    "demo": demo.run,
    "serve": commands.serve,
    "gateway": commands.gateway,
    "rotate-key": commands.rotate_key,
}


def main() -> int:
    """Run the named command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local")
    chosen = parser.add_subparsers(dest="command", required=True)
    for name, command in _COMMANDS.items():
        chosen.add_parser(name, help=str(command.__doc__).splitlines()[0].partition(" Raises")[0])
    try:
        _COMMANDS[parser.parse_args().command]()
    except (StackError, SynapseError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
