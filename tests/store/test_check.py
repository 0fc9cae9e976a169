import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from store import check_tables, schema
from store.check import check, examine
from tests.store import build


@pytest.fixture
def copy(healthy: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(healthy, tmp_path / "store"))


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def spoil(folder: Path, statement: str) -> list[str]:
    """Changes the database with a statement, seals the folder again, and checks it."""
    with duckdb.connect(str(folder / "homolog.duckdb")) as connection:
        connection.execute(statement)
    build.seal(folder)
    return check(folder)


def test_a_healthy_store_has_no_problem(healthy: Path) -> None:
    assert check(healthy) == []
    assert examine(healthy).notes == []


def test_shards_may_be_deleted_as_a_whole_only(copy: Path) -> None:
    (copy / "shards" / "a-0.parquet").unlink()
    assert check(copy) == ["shards/a-0.parquet is listed in SHA256SUMS and missing"]
    shutil.rmtree(copy / "shards")
    assert check(copy) == []


def test_a_flipped_byte_in_a_shard(copy: Path) -> None:
    flip(copy / "shards" / "b-0.parquet", 3)
    assert check(copy) == ["shards/b-0.parquet differs from its checksum in SHA256SUMS"]


def test_a_flipped_byte_in_the_database(copy: Path) -> None:
    path = copy / "homolog.duckdb"
    flip(path, path.read_bytes().index(b"ab ab x"))
    problems = check(copy)
    assert problems[0] == "homolog.duckdb differs from its checksum in SHA256SUMS"
    assert any("read" in line or "damaged" in line for line in problems[1:])


def test_every_byte_of_the_database_counts(copy: Path) -> None:
    path = copy / "homolog.duckdb"
    size = path.stat().st_size
    for place in range(0, size, size // 7):
        flip(path, place)
        assert "homolog.duckdb differs from its checksum in SHA256SUMS" in check(copy)
        flip(path, place)
    assert check(copy) == []


def test_a_file_cut_short(copy: Path) -> None:
    path = copy / "homolog.duckdb"
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    listed, damaged = check(copy)
    assert listed == "homolog.duckdb differs from its checksum in SHA256SUMS"
    assert damaged.startswith(f"{path} is damaged or no store: ")


def test_added_and_missing_files(copy: Path) -> None:
    (copy / "shards" / "extra").write_text("x")
    (copy / "run.log").unlink()
    assert check(copy) == [
        "run.log is listed in SHA256SUMS and missing",
        "shards/extra is not listed in SHA256SUMS",
    ]
    (copy / "SHA256SUMS").unlink()
    assert check(copy) == ["SHA256SUMS is missing; copy the store again, with it"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[::-1], "SHA256SUMS line 2 (shards/a-0.parquet) is not after the line before it"),
        (lambda lines: ["nonsense", *lines], "SHA256SUMS line 1 is malformed: 'nonsense'"),
        (lambda lines: [lines[0][:63] + lines[0][64:], *lines], "SHA256SUMS line 1 is malformed: "),
        (lambda lines: [*lines, "0" * 64 + "  ../secret"], "SHA256SUMS line 5 is malformed: "),
        (lambda lines: [*lines, "0" * 64 + "  /etc/passwd"], "SHA256SUMS line 5 is malformed: "),
        (lambda lines: [*lines, lines[-1]], "SHA256SUMS line 5 (shards/b-0.parquet) is not after the line before it"),
        (lambda lines: lines[1:], "SHA256SUMS does not list homolog.duckdb"),
    ],
)
def test_malformed_checksums(copy: Path, change: Callable[[list[str]], list[str]], said: str) -> None:
    path = copy / "SHA256SUMS"
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
    assert check(copy)[0].startswith(said)


def test_a_missing_folder_or_database(tmp_path: Path, copy: Path) -> None:
    assert check(tmp_path / "no") == [f"{tmp_path / 'no'} is no folder; give the folder that a store was published to"]
    (copy / "homolog.duckdb").unlink()
    assert check(copy) == ["homolog.duckdb is listed in SHA256SUMS and missing"]


def test_a_deleted_row(copy: Path) -> None:
    assert spoil(copy, "DELETE FROM activations WHERE space = 'b' AND feature = 1") == [
        "activations has 13 rows; contents says 14",
        "features: b:1 says n_active 1; activations holds 0",
        "examples: b:1 top 1 names token 4 with 0.5; activations holds no such row",
    ]


def test_a_changed_value(copy: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{copy / 'homolog.duckdb'}' AS s (READ_ONLY)")
        stored = connection.execute("SELECT checksum FROM s.contents WHERE table_name = 'logits'").fetchone()
    problems = spoil(copy, "UPDATE logits SET value = 1.25 WHERE space = 'a' AND feature = 0")
    assert stored is not None
    assert len(problems) == 1
    assert problems[0].startswith("logits: its rows are not those published (checksum ")
    assert problems[0].endswith(f", not {stored[0]})")


def test_swapped_order(tmp_path: Path) -> None:
    rows = build.tables()
    rows["activations"][0], rows["activations"][1] = rows["activations"][1], rows["activations"][0]
    assert check(build.publish(tmp_path / "store", rows)) == [
        "activations: row 1 (a, 0, 1) is not after the row before it"
    ]


def test_a_row_twice(tmp_path: Path) -> None:
    rows = build.tables()
    rows["logits"].insert(0, rows["logits"][0])
    assert check(build.publish(tmp_path / "store", rows)) == [
        "logits: row 1 (a, 0, promoted, 1) is not after the row before it",
        "logits: (a, 0, promoted, 1) is there 2 times",
    ]


def test_order_is_found_beyond_one_block_of_rows(tmp_path: Path) -> None:
    table = schema.BY_NAME["activations"]
    with duckdb.connect() as connection:
        connection.execute(table.ddl)
        connection.execute("INSERT INTO activations SELECT 'a', i // 1000, i % 1000, 1 FROM range(500000) r(i)")
        assert connection.execute(check_tables.order_sql(table)).fetchall() == []
        connection.execute("INSERT INTO activations SELECT 'a', 499, i, 1 FROM range(2) r(i)")
        assert connection.execute(check_tables.order_sql(table)).fetchall() == [
            ("activations: row 500000 (a, 499, 0) is not after the row before it",)
        ]


WRONG: list[tuple[Callable[[dict[str, build.Rows]], Any], str]] = [
    (
        lambda t: t["features"][0].update(n_active=4, firing_rate=4 / 6),
        "features: a:0 says n_active 4; activations holds 3",
    ),
    (
        lambda t: t["features"][0].update(max_activation=5.0),
        "features: a:0 says max_activation 5.0; activations says 4.0",
    ),
    (
        lambda t: t["features"][0].update(firing_rate=0.1),
        "features: a:0 says firing_rate 0.1; it fires on 3 of 6 tokens",
    ),
    (lambda t: t["features"][0].update(special_share=1.5), "features: a:0 has a share outside 0 to 1"),
    (lambda t: t["features"].pop(2), "spaces: a says n_features 3; features has 2, from 0 to 1"),
    (lambda t: t["spaces"][0].update(n_alive=1), "spaces: a says n_alive 1; features has 2"),
    (lambda t: t["spaces"][0].update(model="m3"), "spaces: a reads m3, which is no row of models"),
    (lambda t: t["activations"][2].update(token_index=7), "activations: a:0 fires on token 7, which is special"),
    (lambda t: t["activations"][2].update(token_index=9), "activations: a:0 fires on token 9; its model has 9"),
    (lambda t: t["activations"][2].update(activation=0.0), "activations: a:0 has a value that is not above 0"),
    (lambda t: t["activations"][2].update(feature=3), "activations: a:3 is no row of features; 1 activations"),
    (
        lambda t: t["examples"][0].update(activation=4.5),
        "examples: a:0 top 1 names token 5 with 4.5; activations holds no such row",
    ),
    (lambda t: t["examples"][0].update(passage_id=0), "examples: a:0 top 1 names passage 0; its token is in 1"),
    (lambda t: t["histograms"][0].update(count=2), "histograms: a:0 counts 2; features says n_active 3"),
    (lambda t: t["histograms"].pop(0), "histograms: a:0 counts 0; features says n_active 3"),
    (lambda t: t["logits"][0].update(feature=5), "logits: a:5 promoted 1 is of no row of features"),
    (
        lambda t: t["feature_tokens"][0].update(n_active=9),
        "feature_tokens: a:0 rank 1 says n_active 9; the feature fires 3 times",
    ),
    (
        lambda t: t["feature_tokens"][0].update(mass_share=1.5),
        "feature_tokens: a:0 rank 1 says mass_share 1.5, outside 0 to 1",
    ),
    (lambda t: t["feature_tokens"][0].update(feature=7), "feature_tokens: a:7 rank 1 is of no row of features"),
    (lambda t: t["comparisons"][0].update(n_units=7), "comparisons: a~b says n_units 7; there are 6"),
    (lambda t: t["comparisons"][1].update(space_b="z"), "comparisons: a~c is of a space that is no row of spaces"),
    (lambda t: t["comparisons"][1].update(space_a="b"), "comparisons: a~c is of b and c"),
    (
        lambda t: t["units"][1].update(token_b=3),
        "units: m1~m2 unit 1 names token 2 of A or 3 of B, which is not in passage 0",
    ),
    (
        lambda t: t["matches"][0].update(n_a_only=1),
        "matches: a~b 0 0 says A fires on 4 units; features says n_active 3",
    ),
    (
        lambda t: t["matches"][0].update(n_b_only=2),
        "matches: a~b 0 0 says B fires on 5 units; features says n_active 4",
    ),
    (lambda t: t["matches"][3].update(n_a_only=3), "matches: a~c 0 0 counts 3, 3, 0 units, which cannot be"),
    (
        lambda t: t["matches"][0].update(pearson_context=0.4),
        "matches: a~b 0 0 has pearson 0.5, token 0.125, context 0.4",
    ),
    (lambda t: t["matches"][0].update(jaccard=0.5), "matches: a~b 0 0 has jaccard 0.5, which its counts do not give"),
    (lambda t: t["matches"][0].update(rank_ba=2), "matches: a~b 0 0 is mutual_best without being first on both sides"),
    (lambda t: t["matches"][0].update(q_value=1.5), "matches: a~b 0 0 has a p_value or q_value outside 0 to 1"),
    (lambda t: t["match_nulls"][0].update(comparison="z~b"), "match_nulls: z~b 1 to 1 is of no row of comparisons"),
    (lambda t: t["match_nulls"][1].update(n_active_high=1), "match_nulls: a~b 2 to 1 is no range of firing counts"),
    (
        lambda t: t["match_nulls"][0].update(n_active_high=2),
        "match_nulls: a~b 2 to 3 overlaps the range before it, which ends at 2",
    ),
    (
        lambda t: t["match_nulls"][0].update(n_features=0),
        "match_nulls: a~b 1 to 1 counts 0 features and 200 maxima, which cannot be",
    ),
    (
        lambda t: t["match_nulls"][0].update(n_features=2),
        "match_nulls: a~b 1 to 1: its comparison counts 3 features; space A has 2 alive",
    ),
    (lambda t: t["match_nulls"][0].update(sd=None), "match_nulls: a~b 1 to 1 knows 4 of its 5 numbers from 200 maxima"),
    (
        lambda t: t["match_nulls"][0].update(n_maxima=0),
        "match_nulls: a~b 1 to 1 knows 5 of its 5 numbers from 0 maxima",
    ),
    *(
        (
            lambda t, wrong=wrong: t["match_nulls"][0].update(wrong),
            "match_nulls: a~b 1 to 1 has mean {mean}, sd {sd}, median {median}, q95 {q95}, maximum {maximum}, "
            "which cannot be".format(
                **{"mean": 0.25, "sd": 0.125, "median": 0.25, "q95": 0.5, "maximum": 0.75} | wrong
            ),
        )
        for wrong in (
            {"q95": 0.125},
            {"maximum": 0.375},
            {"maximum": 1.5},
            {"median": 0.625},
            {"sd": -0.5},
            {"q95": float("nan")},
            {"mean": float("nan")},
        )
    ),
    (
        lambda t: t["matches"][0].update(neighbour_overlap=1.5),
        "matches: a~b 0 0 keeps a share of its neighbours outside 0 to 1",
    ),
    (lambda t: t["neighbours"][0].update(neighbour=9), "neighbours: a:0 by activation rank 1 is of no row of features"),
    (lambda t: t["neighbours"][0].update(neighbour=0), "neighbours: a:0 by activation rank 1 is the feature itself"),
    (
        lambda t: t["neighbours"][0].update(neighbour=2),
        "neighbours: a:0 by activation rank 1 is of a feature that never fires",
    ),
    (
        lambda t: t["neighbours"][0].update(value=1.5),
        "neighbours: a:0 by activation rank 1 has the value 1.5, outside 0 to 1",
    ),
    (lambda t: t["neighbours"][0].update(rank=2), "neighbours: a:0 by activation rank 2 follows rank 0"),
    (
        lambda t: t["neighbours"].insert(1, t["neighbours"][0] | {"rank": 2, "value": 0.75}),
        "neighbours: a:0 by activation rank 2 is nearer than the one before it",
    ),
    (lambda t: t["maps"][1].update(feature=9), "maps: a:9 by pca is of no row of features"),
    (lambda t: t["maps"][1].update(feature=2), "maps: a:2 by pca never fires"),
    (lambda t: t["maps"][0].update(x=float("nan")), "maps: a:0 by pca is nowhere: nan, 1.0"),
    (lambda t: t["clusters"][0].update(cluster=-1), "clusters: a:0 is in cluster -1"),
    (lambda t: t["maps"].pop(2), "clusters: a:0 is not on the UMAP"),
    (
        lambda t: t["map_agreement"][0].update(comparison="a~a"),
        "map_agreement: a~a umap knn_consistency is of no row of comparisons",
    ),
    (
        lambda t: t["map_agreement"][1].update(n_rows=0),
        "map_agreement: a~b umap procrustes_disparity is taken on 0 rows",
    ),
    (
        lambda t: t["map_agreement"][1].update(null_sd=None),
        "map_agreement: a~b umap procrustes_disparity knows 4 of its 5 numbers",
    ),
    (
        lambda t: t["map_agreement"][1].update(value=1.5),
        "map_agreement: a~b umap procrustes_disparity has value 1.5, null 0.25 +- 0.125, p 0.001, which cannot be",
    ),
    (lambda t: t["tokens"][8].update(passage_id=9), "tokens: m1 token 8 is in passage 9, which is no row of passages"),
    (lambda t: t["tokens"][8].update(char_end=3), "tokens: m1 token 8 covers characters 0 to 3 of a text of 2"),
    (lambda t: t["tokens"].pop(0), "tokens: m1 has 8 tokens, numbered 1 to 8"),
    (
        lambda t: t["concept_features"].append(
            {"concept": "luck", "space": "a", "feature": 0, "mass_share": 0.5, "n_active": 1}
        ),
        "concept_features: luck, a:0 belongs to a concept without keywords",
    ),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[said for _, said in WRONG])
def test_wrong_content(tmp_path: Path, change: Callable[[dict[str, build.Rows]], Any], said: str) -> None:
    rows = build.tables()
    change(rows)
    assert said in check(build.publish(tmp_path / "store", rows))


SPOILED = [
    ("UPDATE matches SET feature_b = 9 WHERE feature_b = 1", "matches: a~b 0 9 is of no row of features"),
    ("UPDATE matches SET comparison = 'a~z' WHERE comparison = 'a~c'", "matches: a~z 0 0 is of no row of comparisons"),
    *(
        (
            f"UPDATE matches SET {wrong} WHERE comparison = 'a~c'",
            "matches: a~c 0 0 does not say of its features what features says",
        )
        for wrong in (
            "least_active = 4",
            "largest_rate = 1",
            "largest_special = 0.5",
            "least_top_share = 0.1",
            "both_stop = true",
        )
    ),
    (
        "UPDATE matches SET reason_bits = 3 WHERE comparison = 'a~c'",
        "matches: a~c 0 0 says reason_bits 3; its numbers give 1027",
    ),
    ("UPDATE vocabulary SET n_tokens = 5 WHERE text = ' x'", "vocabulary: m1 counts 5 tokens of a text that has 1"),
    (
        "UPDATE vocabulary SET text_id = 9 WHERE model = 'm1' AND text = 'cd'",
        "vocabulary: m1 numbers its text 5 as 9",
    ),
    (
        "UPDATE contexts SET text_ids = [4, 3, 0] WHERE model = 'm1' AND passage_id = 0",
        "contexts: token 0 of m1 is not what tokens says it is",
    ),
    (
        "UPDATE contexts SET first_token = 2 WHERE model = 'm2' AND passage_id = 0",
        "contexts: token 0 of m2 is not what tokens says it is",
    ),
    (
        "UPDATE unit_contexts SET units_b = [0, NULL, 1] WHERE passage_id = 0",
        "unit_contexts: m1~m2 lists 5 units of 6 and 6 tokens; units has 5 of 6 and 7",
    ),
    (
        "UPDATE unit_texts SET n_units = 4 WHERE text = 'ab'",
        "unit_texts: text 2 of m1~m2 is that of 4 units; unit_contexts lists 1",
    ),
    (
        "UPDATE reason_counts SET n_matches = 7 WHERE comparison = 'a~c'",
        "reason_counts: a~c counts 7 with flags 1027; matches holds 1",
    ),
    (
        "UPDATE picked_matches SET pearson = 0.25 WHERE comparison = 'a~c'",
        "picked_matches: a~c 0 0 is no row of matches, or not as it is there",
    ),
    ("DELETE FROM picked_matches WHERE comparison = 'a~c'", "picked_matches: a~c 0 0 is missing"),
    (
        "UPDATE match_summaries SET n_mutual = 7 WHERE comparison = 'a~c'",
        "match_summaries: a~c does not say what its matches do",
    ),
]


@pytest.mark.parametrize(("statement", "said"), SPOILED, ids=[said for _, said in SPOILED])
def test_spoiled_content(copy: Path, statement: str, said: str) -> None:
    assert said in spoil(copy, statement)


def test_every_rule_is_broken_by_a_case() -> None:
    rules = [path.stem for path in (Path(check_tables.__file__).parent / "sql").glob("check_*.sql")]
    broken = {said.split(":")[0] for _, said in [*WRONG, *SPOILED]}
    assert [rule for rule in rules if not rule.removeprefix("check_").startswith(tuple(broken))] == []
    assert len(rules) == 26


def test_twenty_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    rows = build.tables()
    rows["logits"] += [
        {"space": "z", "feature": i, "side": "promoted", "rank": 1, "token": "x", "value": 1.0} for i in range(25)
    ]
    problems = check(build.publish(tmp_path / "store", rows))
    assert len(problems) == 21
    assert problems[-1] == "logits: and 5 more of this kind"


def test_missing_and_altered_columns(copy: Path) -> None:
    assert spoil(copy, "ALTER TABLE logits RENAME COLUMN value TO strength") == [
        "logits: column strength is not in the schema",
        "logits: column value should be FLOAT NOT NULL and is not there so",
    ]


def test_another_duckdb_skips_the_checksums(tmp_path: Path) -> None:
    rows = build.tables()
    rows["build"][0]["packages"] = '{"duckdb": "1.0.0"}'
    folder = build.publish(tmp_path / "store", rows)
    assert examine(folder).notes == [f"checksums skipped: written by DuckDB 1.0.0, this is {duckdb.__version__}"]
    assert spoil(folder, "UPDATE logits SET value = 1.25") == []
    assert spoil(folder, "DELETE FROM logits") == ["logits has 0 rows; contents says 6"]
