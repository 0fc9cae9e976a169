"""`make bench`: every benchmark in one run on this machine. Each prints ratios: machines differ, and are shared."""

import os

os.environ.setdefault("TQDM_DISABLE", "1")

from tests.bench import dashboard, ingest, large, maps, matching, planted, scores, visitors


def main() -> None:
    matching.versus(1_000_000, 24_576, 64)
    print()
    matching.growth()
    print()
    planted.report()
    print()
    ingest.report()
    print()
    scores.report(30)
    print()
    maps.report()
    print()
    dashboard.report(large.ready())
    print()
    visitors.report()


if __name__ == "__main__":
    main()
