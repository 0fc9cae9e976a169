"""The tiny run (tests/tiny.py), every number checked against what paper says. T = 720 units."""

import math
from pathlib import Path

import duckdb
import pytest

from tests import tiny


@pytest.fixture(scope="module")
def rows(tiny_store: Path):
    with duckdb.connect(tiny_store / "homolog.duckdb", read_only=True) as database:
        yield lambda sql: database.execute(sql).fetchall()


def close(value: object) -> object:
    return pytest.approx(value, rel=1e-12, abs=1e-12)


def test_passages_and_tokens(rows):
    assert rows("SELECT count(*) FROM passages") == [(120,)]
    assert rows("SELECT text FROM passages WHERE passage_id = 7") == [("the dog sat down here today",)]
    assert rows("SELECT model, count(*), count(*) FILTER (is_special) FROM tokens GROUP BY 1 ORDER BY 1") == [
        ("one", 840, 120),
        ("two", 840, 120),
    ]
    assert rows(
        "SELECT token_index, position, text, char_start, char_end FROM tokens WHERE model = 'one' AND passage_id = 1 LIMIT 3"
    ) == [
        (7, 0, "<s>", 0, 0),
        (8, 1, "the", 0, 3),
        (9, 2, " dog", 3, 7),
    ]


def test_spaces(rows):
    fired = {"left": 60 + 60 + 80 + 1, "right": 60 + 60 + 80 + 60}
    assert rows("SELECT space, model, n_features, n_alive, l0, variance_explained FROM spaces ORDER BY 1") == [
        ("left", "one", 5, 4, close(fired["left"] / 720), None),
        ("right", "two", 5, 4, close(fired["right"] / 720), None),
    ]


def test_features_count_no_special_token(rows):
    found = rows(
        "SELECT feature, n_active, firing_rate, max_activation, mean_activation, top_token, top_token_share,"
        " token_entropy_bits, special_share FROM features WHERE space = 'left' ORDER BY feature"
    )
    entropy = -(2 / 3 * math.log2(2 / 3) + 1 / 3 * math.log2(1 / 3))
    assert found == [
        (0, 60, close(60 / 720), 2.0, 2.0, " cat", 1.0, 0.0, 0.0),
        (1, 60, close(60 / 720), 3.0, 3.0, " sat", close(2 / 3), close(entropy), 0.0),
        (2, 0, 0.0, None, None, None, None, None, None),
        (3, 80, close(80 / 720), 1.0, 1.0, "the", 1.0, 0.0, close(480 / 560)),
        (4, 1, close(1 / 720), 1.0, 1.0, "a", 1.0, 0.0, 0.0),
    ]


def test_feature_tokens(rows):
    assert rows(
        "SELECT rank, token, mass_share, n_active FROM feature_tokens WHERE space = 'right' AND feature = 0 ORDER BY rank"
    ) == [
        (1, " sat", close(2 / 3), 40),
        (2, " ran", close(1 / 3), 20),
    ]


def test_activations(rows):
    """The verb after " dog": third word of sentences 1, 4 and 5, one token behind BOS."""
    expected = [(7 * p + 3, 3.0) for p in range(120) if p % 6 in (1, 4, 5)]
    assert (
        rows("SELECT token_index, activation FROM activations WHERE space = 'left' AND feature = 1 ORDER BY 1")
        == expected
    )


def test_examples_are_one_a_passage_and_ties_go_to_the_earlier(rows):
    top = rows(
        "SELECT rank, token_index, passage_id FROM examples WHERE space='left' AND feature=1 AND stratum='top' ORDER BY rank"
    )
    passages = [p for p in range(120) if p % 6 in (1, 4, 5)][:20]
    assert top == [(i + 1, 7 * p + 3, p) for i, p in enumerate(passages)]
    strata = rows("SELECT stratum, count(*) FROM examples WHERE space = 'left' AND feature = 1 GROUP BY 1 ORDER BY 1")
    assert strata == [("q5", 5), ("random", 10), ("top", 20)]
    assert rows("SELECT count(*) FROM examples WHERE space = 'left' AND feature = 2") == [(0,)]


def test_histogram(rows):
    found = rows(
        "SELECT bin, lower, upper, \"count\" FROM histograms WHERE space = 'left' AND feature = 1 ORDER BY bin"
    )
    assert len(found) == 50
    assert found[0] == (0, 0.0, close(0.06), 0)
    assert found[49] == (49, close(2.94), 3.0, 60)
    assert sum(count for *_, count in found) == 60
    assert rows("SELECT count(*) FROM histograms WHERE feature = 2 AND space = 'left'") == [(0,)]


def test_comparison(rows):
    assert rows("SELECT * FROM comparisons") == [("left~right", "left", "right", "identical", 720, 120)]


def token(a: float, b: float, s: float, n: int) -> float:
    """One stratum's part of C: each occurrence paired with the others of the same token."""
    return (a * b - s) / (n - 1)


def test_the_verb_after_dog_is_a_contextual_homologue(rows):
    """A = 180, B = 360, S = 1080, T ma mb = 90, D = 990; " sat" has 40 of its 60 in it, " ran" 20 of its 60."""
    explained = token(120, 240, 720, 60) + token(60, 120, 360, 60)
    variance = (360 - 120**2 / 60) * (1440 - 240**2 / 60) / 59 + (180 - 60**2 / 60) * (720 - 120**2 / 60) / 59
    found = rows(
        "SELECT * EXCLUDE (comparison, feature_a, feature_b, least_active, largest_rate, largest_special, least_top_share,"
        " both_stop, reason_bits) FROM matches WHERE feature_a = 1 AND feature_b = 0"
    )
    assert rows(
        "SELECT least_active, largest_rate, largest_special, least_top_share, both_stop, reason_bits FROM matches "
        "WHERE feature_a = 1 AND feature_b = 0"
    ) == [(60, close(60 / 720), 0.0, close(40 / 60), False, 0)]
    r_sat = (120 - 15) / 165
    assert found == [
        (
            1,
            1,
            True,
            True,
            close(1.0),
            close((explained - 90) / 990),
            close((token(180, 360, 1080, 120) - 90) / 990),
            close(1 - (explained - 90) / 990),
            close((1080 - 120 * 240 / 60 - 60 * 120 / 60) / math.sqrt(variance)),
            close(1.0),
            1.0,
            60,
            0,
            0,
            None,
            close(1 - r_sat),
            1,
            None,
            None,
            None,
            None,
        )
    ]


def test_a_match_that_the_token_explains_has_no_context(rows):
    """`right:4` fires on every " sat": given the token, nothing is left. D = 720 sqrt(0.6875 x 55/720) = 165."""
    assert rows(
        "SELECT rank_ab, rank_ba, mutual_best, assigned, pearson, pearson_token, pearson_context, z_context, n_both, n_a_only, n_b_only,"
        " jaccard, cosine, hub_size FROM matches WHERE feature_a = 1 AND feature_b = 4"
    ) == [
        (2, 1, False, False, close(105 / 165), close(105 / 165), close(0.0), None, 40, 20, 20, 0.5,
         close(120 / math.sqrt(540 * 60)), 0)
    ]  # fmt: skip


def test_which_features_are_matched(rows):
    assert rows("SELECT feature_a, feature_b, mutual_best, assigned FROM matches ORDER BY 1, 2") == [
        (0, 1, True, True),
        (1, 0, True, True),
        (1, 4, False, False),
        (3, 2, True, True),
    ]
    assert rows("SELECT pearson, pearson_token, margin FROM matches WHERE feature_a = 0") == [
        (close(1.0), close(1.0), None)
    ]


def test_the_position_explains_what_it_can(rows):
    """ "the" stands only at the first place, 80 of its 120 times: A = B = S = 80, T ma mb = 80 x 80 / 720."""
    chance = 80 * 80 / 720
    expected = (token(80, 80, 80, 120) - chance) / (80 - chance)
    assert rows("SELECT pearson_position FROM matches WHERE feature_a = 3 AND feature_b = 2") == [(close(expected),)]


def test_a_second_run_gives_the_same_fingerprint_and_rows(tiny_run: Path, tiny_store: Path, tmp_path: Path):
    from ingest import config
    from ingest.run import run
    from store.schema import TABLES

    elsewhere = tiny.write(tmp_path / "inputs")
    run(*config.read(elsewhere), tmp_path / "store")
    with duckdb.connect() as database:
        for name, folder in (("a", tiny_store), ("b", tmp_path / "store")):
            database.execute(f"ATTACH '{folder / 'homolog.duckdb'}' AS {name} (READ_ONLY)")
        for table in TABLES:
            columns = "* EXCLUDE (created_at)" if table.name == "build" else "*"
            both = [database.execute(f"SELECT {columns} FROM {name}.{table.name}").fetchall() for name in "ab"]
            if table.name == "contents":
                both = [[row for row in rows if row[0] != "build"] for rows in both]
            assert both[0] == both[1], table.name
