"""Ingest beside what it is made of, and beside `sae-dashboard`, in one run, as ratios.

`python -m tests.bench.ingest` prints it. Smaller: `--read-tokens 65536 --tokens 32768 --features 64 --rounds 1`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ingest import models
from tests.bench import ingest_features, ingest_inputs, ingest_read, matching, sae_dashboard_env
from tests.bench.activations import world
from tests.bench.ingest_inputs import MODEL, SAES
from tests.bench.sae_dashboard_env import Found, NotInstalled

READ_TOKENS, TOKENS, FEATURES, ROUNDS = 131_072, 262_144, 256, 3
TARGETS = {"share": 0.85, "ratio": 50, "bytes": 8}


def report(
    read_tokens: int = READ_TOKENS, tokens: int = TOKENS, features: int = FEATURES, rounds: int = ROUNDS
) -> None:
    """Print all of it. `features`: as many of the SAE's as `sae-dashboard` is given, one of its batches by default."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU here"
    print(f"Ingest: {torch.get_num_threads()} threads, {device}")
    with tempfile.TemporaryDirectory() as folder:
        _read(ingest_inputs.write(Path(folder) / "read", read_tokens, full=False))
        print()
        _features(ingest_inputs.write(Path(folder) / "features", tokens, full=True), features, rounds)
    print()
    _gpu()


def _read(run_file: Path) -> None:
    """Tokens/s of the read and of the bare loop, one space and several; peak memory of processes of their own."""
    with tempfile.TemporaryDirectory() as folder:
        whole = ingest_inputs.read(run_file, Path(folder) / "store")
        n = whole.tokens[MODEL].num_rows
        print(f"Read of {n:,} tokens by {MODEL}, written as sparse shards; medians of {ingest_read.ROUNDS} turns")
        target = f"(target {TARGETS['share']})"
        print(f"{'':12}{'read, tok/s':>13}{'bare, tok/s':>13}{'share':>8}   {target}{'peak, GB':>12}{'bare, GB':>10}")
        for spaces in (SAES[:1], SAES):
            found = ingest_read.compare(whole, spaces)
            peaks = [measured(what, run_file, len(spaces))["peak"] for what in ("read", "bare")]
            rates = f"{n / found.read:13,.0f}{n / found.bare:13,.0f}{found.share:8.2f}"
            how = f"bare: {found.size} passages, {found.rows:,} tokens encoded at once"
            what = f"{len(spaces):4} space{'s' * (len(spaces) > 1):2}"
            print(f"{what} {rates}{peaks[0]:29.2f}{peaks[1]:10.2f}   {how}", flush=True)


def _features(run_file: Path, n_features: int, rounds: int) -> None:
    """Features/s beside `sae-dashboard`, its examples beside ours, and bytes an activation."""
    folder = run_file.parent
    with tempfile.TemporaryDirectory() as out:
        made = ingest_features.make(run_file, Path(out) / "store")
        np.save(folder / "tokens.npy", ingest_inputs.ids_of(made.read))
        n = made.read.tokens[MODEL].num_rows
        d_sae = len(ingest_features.fired(made))
        print(f"Tables of the {d_sae:,} features of {SAES[0]} on {n:,} tokens; medians of {rounds}, by turns")
        ours, theirs, why = _turns(run_file, n_features, rounds)
        if theirs:
            _rates(ours[: len(theirs)], theirs, d_sae)
            _agreement(made, theirs[-1], Path(out) / "aligned")
        else:
            print(f"  sae-dashboard: skipped: {why}")
            seconds = statistics.median(own["describe"] for own in ours)
            print(f"  {d_sae / seconds:,.0f} features/s, peak {max(own['peak'] for own in ours):.2f} GB")
        size = ingest_features.bytes_per_activation(made)
    line = f"{size['table']:.2f} in its table, {size['shards']:.2f} in shards, {size['database']:.2f} of the database"
    print(
        f"  bytes for each of {size['activations']:,.0f} activations: {line}   (target: table under {TARGETS['bytes']})"
    )


def _turns(run_file: Path, n_features: int, rounds: int) -> tuple[list[dict[str, float]], list[Found], str]:
    """Ours and theirs by turns, each in a process of its own; why there is none of theirs."""
    ours, theirs = [], []
    bos = models.load_tokenizer(models.DEMO / "tokenizer").bos_token_id
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model, sae = models.DEMO / MODEL, models.DEMO / "saes" / SAES[0]
    tokens, threads = run_file.with_name("tokens.npy"), torch.get_num_threads()
    for _ in range(rounds):
        ours.append(measured("features", run_file, 1))
        try:
            python = sae_dashboard_env.install()
            theirs.append(sae_dashboard_env.run(python, model, sae, tokens, n_features, bos, threads, device))
        except NotInstalled as error:
            return ours, theirs, str(error)
    return ours, theirs, ""


def _rates(ours: list[dict[str, float]], theirs: list[Found], d_sae: int) -> None:
    n = len(theirs[0].features)
    print(f"{'features/s':44}{'ours':>10}{'sae-dashboard':>15}{'ratio':>9}   (target {TARGETS['ratio']}x)")
    rows = {
        "examples, histograms, logits, all tables": ([own["describe"] for own in ours], [f.own for f in theirs]),
        "the same with forward passes and encoding": (
            [own["collect"] + own["describe"] for own in ours],
            [found.seconds for found in theirs],
        ),
    }
    for name, (own, other) in rows.items():
        ratio = statistics.median((d_sae / a) / (n / b) for a, b in zip(own, other, strict=True))
        rates = f"{d_sae / statistics.median(own):10,.0f}{n / statistics.median(other):15,.1f}"
        print(f"  {name:42}{rates}{ratio:8.0f}x")
    peaks = f"{max(own['peak'] for own in ours):10.2f}{max(found.peak for found in theirs):15.2f}"
    print(f"  {'peak memory, GB':42}{peaks}")
    print(f"  its rate is that of {n} of the {d_sae:,} features, in its batches of 256 or fewer; ours is that of all")


def _agreement(made: ingest_features.Made, theirs: Found, out: Path) -> None:
    """What share of the features have the same strongest examples, under both sets of rules."""
    fired = ingest_features.fired(made)
    alive = [feature for feature, found in theirs.features.items() if found["fired"]]
    equal = sum(int(fired[feature]) == found["fired"] for feature, found in theirs.features.items())
    print(f"  same number of firings: {equal} of {len(theirs.features)} features; {len(alive)} fire")
    best = {f: ingest_features.one_a_passage(theirs.features[f]["top"]) for f in alive}
    sizes = [len(rows) for rows in best.values()]
    print(f"  top examples: its 20 tokens, of which the strongest a passage: {np.mean(sizes):.1f} on average")
    for name, files in {
        "as each has them": made.files,
        "ours without the ends that it leaves out": ingest_features.under_its_rules(made, out),
    }.items():
        ours = ingest_features.tops(made, files)
        kinds = Counter(ingest_features.agreement(ours.get(f, []), rows) for f, rows in best.items())
        shares = ", ".join(f"{kind} {kinds[kind] / len(best):.1%}" for kind in ("same", "tied", "differ"))
        print(f"    {name:42} {shares}")
    print(
        "    rules that differ: it takes several tokens of a passage, none of the first 6 and last 5 positions, and\n"
        "    zeros where a feature fires less than 20 times; ours takes one a passage, anywhere but on special tokens"
    )
    logits = ingest_features.logit_agreement(made, theirs.features)
    print(f"  same promoted and suppressed tokens: {logits:.1%} of lists")


def _gpu() -> None:
    """Matching at the sizes that a GPU node is used for; the read above is the GPU's where there is one."""
    if not torch.cuda.is_available():
        print("GPU: no GPU here; the read above and the matching of 24,576 and 131,072 features wait for one")
        return
    print("Matching on the machine of the GPU, 1,000,000 units, 64 active a unit: seconds with null, peak GB")
    for features in (24_576, 131_072):
        with tempfile.TemporaryDirectory() as folder:
            matching.save(world(1_000_000, features, 64), Path(folder))
            found = matching.measured("engine", Path(folder))
        print(f"{features:12,} {found['matches'] + found['null']:10.1f} {found['peak']:8.2f}", flush=True)


def measured(what: str, run_file: Path, n_spaces: int) -> dict[str, float]:
    """The figures of `what` from a process of its own, with its peak memory in GB as `peak`."""
    command = [sys.executable, "-m", "tests.bench.ingest", "--figures", what, str(run_file), str(n_spaces)]
    done = subprocess.run(command, env=os.environ | {"TQDM_DISABLE": "1"}, stdout=subprocess.PIPE, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def figures(what: str, run_file: Path, spaces: tuple[str, ...]) -> dict[str, Any]:
    """What the process of `measured` finds."""
    with tempfile.TemporaryDirectory() as folder:
        if what == "features":
            made = ingest_features.make(run_file, Path(folder) / "store")
            return {"collect": made.collect, "describe": made.describe, "peak": made.peak}
        whole = ingest_inputs.read(run_file, Path(folder) / "store", spaces)
        if what == "read":
            seconds = ingest_read.read(whole, spaces)
        else:
            size, rows = ingest_read.SIZES[1], ingest_read.ROWS[0]
            seconds = ingest_read.bare(whole, spaces, ingest_read.batches(whole, size), rows)
        return {"seconds": seconds, "peak": ingest_inputs.peak()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ingest", description=__doc__)
    parser.add_argument("--read-tokens", type=int, default=READ_TOKENS)
    parser.add_argument("--tokens", type=int, default=TOKENS, help="tokens that the features are described on")
    parser.add_argument("--features", type=int, default=FEATURES, help="features that sae-dashboard describes")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--figures", nargs=3, metavar=("WHAT", "RUN", "SPACES"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.figures is None:
        report(asked.read_tokens, asked.tokens, asked.features, asked.rounds)
        return
    what, run_file, n_spaces = asked.figures
    print(json.dumps(figures(what, Path(run_file), SAES[: int(n_spaces)])))


if __name__ == "__main__":
    main()
