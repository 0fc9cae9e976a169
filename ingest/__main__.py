"""`python -m ingest run RUN.toml --out DIR`: the offline job. `python -m ingest plan RUN.toml`: what it would take.
`python -m ingest train-sae TRAIN.toml --out FOLDER`: a sparse autoencoder for it.
`python -m ingest presets`: run files to start from."""

import argparse
import sys
from pathlib import Path

from ingest.errors import IngestError


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
    plan_parser.add_argument(
        "--machine", default="here", metavar="NAME", help="plan for another machine: h100, a100, l4, rtx4090, cpu"
    )
    presets_parser = commands.add_parser("presets", help="run files to start from: list them, or copy one to edit it")
    presets_parser.add_argument("name", nargs="?", help="the preset; none given: list them")
    presets_parser.add_argument(
        "--into", type=Path, default=Path("."), metavar="FOLDER", help="where to copy it and its training files"
    )
    train_parser = commands.add_parser("train-sae", help="train an SAE; the same command goes on where it stopped")
    train_parser.add_argument(
        "train_file", type=Path, metavar="TRAIN.toml", help="ingest/demo/train-sae.toml is an example"
    )
    train_parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the SAE is written")
    arguments = parser.parse_args(argv)
    from ingest import config  # here, so that a wrong command line answers before torch is imported

    try:
        if arguments.command == "presets":
            return _presets(arguments.name, arguments.into)
        if arguments.command == "train-sae":
            return _train_sae(arguments.train_file, arguments.out)
        job, text = config.read(arguments.run_file)
        if arguments.command == "plan":
            from ingest import machines, planned
            from ingest.plan import plan

            print("\n".join(planned.lines(plan(job, machines.named(arguments.machine)))))
            return 0
        from ingest.run import run

        fingerprint = run(job, text, arguments.out)
    except IngestError as error:
        print(f"homolog: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("homolog: stopped; what was finished is kept, run the same command again to go on", file=sys.stderr)
        return 130
    print(f"{arguments.out} is ready: store {fingerprint[:8]}. Browse it: python -m dashboard {arguments.out}")
    return 0


def _presets(name: str | None, into: Path) -> int:
    from ingest import presets

    if name is None:
        print("\n".join(f"{known:22}{presets.question(known)}" for known in presets.names()))
        return 0
    copied = presets.copy(name, into)
    print("\n".join(map(str, copied)))
    print(f"Edit {copied[0]}, then: python -m ingest plan {copied[0]}")
    return 0


def _train_sae(train_file: Path, out: Path) -> int:
    from ingest.training import config, report
    from ingest.training.job import train

    found, was_there = train(config.read(train_file), out)
    print("\n".join(report.lines(found)))
    if was_there:
        print(f"{out} was finished before, from the same inputs; nothing was changed")
    else:
        print(f'{out} is ready. A run reads it: [[spaces]] kind = "sae", path = "{out}"')
    return 0


if __name__ == "__main__":
    sys.exit(main())
