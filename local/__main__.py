"""`python -m local up|down|status|demo|serve|gateway`; every failure is one sentence and exit code 1."""

import argparse
import sys

from local import commands
from local.processes import StackError

_COMMANDS = {
    command.__name__: command for command in (commands.up, commands.down, commands.status, commands.serve, commands.gateway)
}


def main() -> int:
    """Run the named command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=sorted(_COMMANDS))
    parser.epilog = "\n".join(f"{name:8} {command.__doc__}" for name, command in sorted(_COMMANDS.items()))
    try:
        _COMMANDS[parser.parse_args().command]()
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
