"""`python3 -m tfx_setup`: makes the environments (`--help` lists what else it can do)."""

from __future__ import annotations

import argparse
import sys


def main() -> int:
    """Runs one verb; prints a SetupError as text and returns the exit status."""
    # Imported here, so that an old Python that cannot read the rest still gets a clear answer.
    from tfx_setup.errors import SetupError
    from tfx_setup.machine import check_python

    try:
        check_python(sys.version_info[:2])
        return _run(_arguments())
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("set-up: stopped; run it again to finish what is half-made", file=sys.stderr)
        return 130


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tfx_setup", description=__doc__)
    parser.add_argument(
        "verb",
        nargs="?",
        default="all",
        choices=["all", "airflow", "tfx", "chromium", "postgresql", "wrk", "check", "lock"],
        help="make both environments (all, the default) or one; make sure that there is "
        "a chromium, a PostgreSQL or a wrk; check the machine; renew the lock files",
    )
    parser.add_argument("--dev", action="store_true", help="with what the tests need")
    parser.add_argument("--port", type=int, default=8080, help="of Airflow's API server (check)")
    return parser.parse_args()


def _run(arguments: argparse.Namespace) -> int:
    from tfx_setup.checks import findings, report
    from tfx_setup.environment import ensure
    from tfx_setup.layout import Layout
    from tfx_setup.locks import renew
    from tfx_setup.machine import Machine
    from tfx_setup.programs import PROGRAMS

    layout, machine = Layout(), Machine.here()
    if arguments.verb == "check":
        found = findings(layout, machine, port=arguments.port)
        print(report(found))
        return 0 if all(finding.ok for finding in found) else 1
    if arguments.verb in PROGRAMS:
        PROGRAMS[arguments.verb].ensure()
    elif arguments.verb == "lock":
        renew(layout, machine)
    for environment in layout.environments:
        if arguments.verb in ("all", environment.name):
            ensure(layout, environment, machine, dev=arguments.dev)
    return 0


if __name__ == "__main__":
    sys.exit(main())
