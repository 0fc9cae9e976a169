"""`python -m ingest run RUN.toml --out DIR`: the offline job. `python -m ingest plan RUN.toml`: what it would take.

`torchrun --nproc-per-node N -m ingest run RUN.toml --out DIR` divides the job among N processes (`ingest/ranks.py`).
"""

import argparse
import sys
from pathlib import Path

from ingest.errors import IngestError
from ingest.ranks import Ranks, joined


def main(argv: list[str] | None = None) -> int:
    """The command line; returns the exit status: 0 done, 2 wrong input (one line on stderr)."""
    parser = argparse.ArgumentParser(
        prog="python -m ingest", description="Find the features that language models share."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run_parser = commands.add_parser("run", help="the whole job, resumable: the same command goes on where it stopped")
    run_parser.add_argument(
        "run_file", type=Path, metavar="RUN.toml", help="the run file; ingest/demo/run.toml is an example"
    )
    run_parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the store to make")
    plan_parser = commands.add_parser("plan", help="what a run would take in memory, disk and time; loads nothing")
    plan_parser.add_argument("run_file", type=Path, metavar="RUN.toml", help="the run file")
    arguments = parser.parse_args(argv)
    with joined() as ranks:
        try:
            return _answer(arguments, ranks)
        except IngestError as error:
            ranks.say(f"homolog: {error}")
            return 2
        except KeyboardInterrupt:
            ranks.say("homolog: stopped; the finished steps are kept, run the same command again to go on")
            return 130


def _answer(arguments: argparse.Namespace, ranks: Ranks) -> int:
    from ingest import config  # here, so that a wrong command line answers before torch is imported

    if ranks.size > 1 and arguments.command != "run":
        raise IngestError(f"{arguments.command} is done by one process; start it without torchrun")
    job, text = config.read(arguments.run_file)
    if arguments.command == "plan":
        from ingest import plan

        print("\n".join(plan.lines(job)))
        return 0
    from ingest.run import run

    fingerprint = run(job, text, arguments.out, ranks)
    if ranks.first:
        print(f"{arguments.out} is ready: store {fingerprint[:8]}. Browse it: python -m dashboard {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
