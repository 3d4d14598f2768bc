"""The subcommands of ./dev."""

import argparse
import os
import traceback

from . import odoo_source, postgres, processes, python_env, runtime
from .console import DevError, Stopped, debugging, say, step
from .paths import PROJECT, checkout_key

HELP = {
    "setup": "install what is needed: Python packages, Odoo 19, PostgreSQL, a browser, fonts",
    "demo": "run the main job on demo data, print the result, serve the web client",
    "test": "run all tests; what follows goes to pytest",
    "lint": "check style and correctness of all files",
    "bench": "measure; what follows goes to bench/main.py",
    "odoo": "Odoo's own command line, for example: ./dev odoo shell -d NAME",
    "stop": "end everything that ./dev of this checkout started",
}
# what follows these words is not ours to understand
PASS_ON = ("test", "bench", "odoo")


def parser():
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog="./dev", description="Develop dunning_advanced.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    subs = {c: commands.add_parser(c, help=h, add_help=c not in PASS_ON) for c, h in HELP.items()}
    subs["lint"].add_argument("checks", nargs="*", help="only these checks")
    demo = subs["demo"].add_argument
    demo("--no-serve", action="store_true", help="end after the table")
    demo("--ledger", metavar="FILE", help="replay dunning over a ledger of real receivables")
    demo("--port", type=int, help="port of the web client (default: 8069, or a free one)")
    demo("--reset", action="store_true", help="start with a new database")
    return top


def parse(argv):
    """Return the parsed arguments; `rest` is what is passed on."""
    if argv and argv[0] in PASS_ON:
        return argparse.Namespace(command=argv[0], rest=argv[1:])
    return parser().parse_args(argv)


def main(argv):
    """Run one command and return its exit code; failures are told in one line."""
    args = parse(argv)
    processes.raise_on_signals()
    try:
        return _enter(args, argv)
    except DevError as error:
        if debugging():
            traceback.print_exc()
        say(f"dev: {error}")
        return 1
    except (KeyboardInterrupt, Stopped):
        return 130
    except Exception as error:
        if debugging():
            raise
        say(f"dev: {type(error).__name__}: {error} (DEV_DEBUG=1 shows where)")
        return 1


def _enter(args, argv):
    if args.command == "stop":
        return stop()
    tools = "lint_requirements" if args.command == "lint" else "requirements"
    _go_on_inside(python_env.ensure(tools), argv)
    if args.command == "lint":
        from . import lint

        return lint.main(args.checks)
    from . import commands

    try:
        return commands.run(args)
    finally:
        processes.sweep(processes.own_mark())
        runtime.remove_temporary()


def _go_on_inside(python, argv):
    """Become the environment's Python, marked so that ./dev stop finds this process."""
    if os.environ.get(processes.MARK) == processes.own_mark():
        return
    os.environ[processes.MARK] = processes.own_mark()
    if package := python_env.importable_odoo():
        os.environ[odoo_source.IMPORTABLE] = package
    os.environ["PATH"] = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    os.environ.pop("PYTHONHOME", None)
    os.execv(python, [str(python), str(PROJECT / "dev"), *argv])


def stop():
    """End what commands of this checkout started, and PostgreSQL if nobody else uses it."""
    count = processes.sweep(f"{checkout_key()}:")
    runtime.remove_temporary(everything=True)
    step(f"Ended {count} processes" if count else "Nothing of this checkout was running")
    if not postgres.stop():
        step("PostgreSQL goes on: another checkout uses it")
    return 0
