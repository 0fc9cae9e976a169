"""A store small enough to verify by hand: rows as dicts, written by the schema's own DDL.

passage   text       m1 (with <bos>)            m2 (no special token)     units
0         ab cd      0 <bos> | 1 ab | 2 cd      0 a | 1 b | 2 cd          0: ab    1: " cd"
1         ab ab x    3 <bos> | 4 ab | 5 ab | 6 x    3 "ab ab" | 4 " " | 5 x   2: "ab ab"    3: " x"
2         cd         7 <bos> | 8 cd             6 cd                      4: cd
"""

import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from store.check import checksum_sql
from store.schema import BY_NAME, CHECKSUMS, DATABASE, SCHEMA_VERSION, TABLES, comments, macros

Rows = list[dict[str, Any]]

TEXTS = ("ab cd", "ab ab x", "cd")
TOKENS: dict[str, list[tuple[int, str, int, int, bool]]] = {
    "m1": [
        (0, "<bos>", 0, 0, True), (0, "ab", 0, 2, False), (0, " cd", 2, 5, False),
        (1, "<bos>", 0, 0, True), (1, "ab", 0, 2, False), (1, " ab", 2, 5, False), (1, " x", 5, 7, False),
        (2, "<bos>", 0, 0, True), (2, "cd", 0, 2, False),
    ],
    "m2": [
        (0, "a", 0, 1, False), (0, "b", 1, 2, False), (0, " cd", 2, 5, False),
        (1, "ab ab", 0, 5, False), (1, " ", 5, 6, False), (1, "x", 6, 7, False),
        (2, "cd", 0, 2, False),
    ],
}  # fmt: skip
UNITS = [(0, 1, 1, 0, 2), (0, 2, 1, 2, 1), (1, 4, 2, 3, 1), (1, 6, 1, 4, 2), (2, 8, 1, 6, 1)]
"""(passage, A's first token, how many, B's first token, how many)"""
SPACES = {"a": ("m1", 3), "b": ("m1", 2), "c": ("m2", 2)}
FIRES: dict[tuple[str, int], dict[int, float]] = {
    ("a", 0): {1: 2.0, 5: 4.0, 6: 1.0},
    ("a", 1): {8: 3.0},
    ("a", 2): {},
    ("b", 0): {1: 1.0, 2: 2.0, 5: 3.0, 6: 5.0},
    ("b", 1): {4: 0.5},
    ("c", 0): {0: 1.0, 1: 3.0, 3: 2.0, 4: 0.25},
    ("c", 1): {6: 7.0},
}
N_PLAIN = {"m1": 6, "m2": 7}


def match(comparison: str, feature_a: int, feature_b: int, **changes: Any) -> dict[str, Any]:
    """A candidate with plausible evidence, `changes` made to it."""
    row: dict[str, Any] = dict.fromkeys(BY_NAME["matches"].names)
    row |= {"comparison": comparison, "feature_a": feature_a, "feature_b": feature_b, "rank_ab": 1, "rank_ba": 1}
    row |= {"mutual_best": True, "assigned": True, "pearson": 0.5, "pearson_token": 0.125, "pearson_position": 0.0625}
    row |= {"pearson_context": 0.375, "cosine": 0.5, "jaccard": 0.0, "n_both": 0, "n_a_only": 0, "n_b_only": 0}
    return row | {"hub_size": 1} | changes


def tables() -> dict[str, Rows]:
    """The rows of a healthy store."""
    found: dict[str, Rows] = {table.name: [] for table in TABLES}
    found["build"] = [_build()]
    found["passages"] = [{"passage_id": i, "source": f"page {i}", "text": text} for i, text in enumerate(TEXTS)]
    for model, tokens in TOKENS.items():
        found["models"].append(_model(model))
        found["tokens"] += _tokens(model, tokens)
    for space, (model, n_features) in SPACES.items():
        found["spaces"].append(_space(space, model, n_features))
    for (space, feature), fires in FIRES.items():
        _describe(found, space, feature, fires)
    found["comparisons"] = [
        _comparison("a", "b", "identical", 6),
        _comparison("a", "c", "m1~m2", 5),
    ]
    names = ("passage_id", "token_a", "n_tokens_a", "token_b", "n_tokens_b")
    for unit, row in enumerate(UNITS):
        found["units"].append({"alignment": "m1~m2", "unit": unit, **dict(zip(names, row, strict=True))})
    found["matches"] = [
        match("a~b", 0, 0, n_both=3, n_b_only=1, jaccard=0.75, margin=0.25),
        match(
            "a~b", 0, 1, rank_ab=2, rank_ba=None, mutual_best=False, assigned=False, pearson=0.25,
            pearson_token=0.125, pearson_context=0.125, n_a_only=3, n_b_only=1, hub_size=0, margin=-0.25,
        ),
        match("a~b", 1, 0, rank_ba=2, mutual_best=False, assigned=False, n_a_only=1, n_b_only=4),
        match("a~c", 0, 0, n_both=3, jaccard=1.0),
    ]  # fmt: skip
    unknown: dict[str, Any] = dict.fromkeys(BY_NAME["match_nulls"].names)
    known = {"n_maxima": 200, "mean": 0.25, "sd": 0.125, "median": 0.25, "q95": 0.5, "maximum": 0.75}
    found["match_nulls"] = [
        unknown | known | {"comparison": "a~b", "n_active_low": 1, "n_active_high": 1, "n_features": 1},
        unknown | {"comparison": "a~b", "n_active_low": 2, "n_active_high": 3, "n_features": 1, "n_maxima": 0},
    ]
    _lay_out(found)
    _score(found)
    return found


def _score(found: dict[str, Rows]) -> None:
    """a~b has a score above its null, one within it, a distance, a sweep; a~c has one without a value."""
    blank: dict[str, Any] = dict.fromkeys(BY_NAME["scores"].names)
    blank |= {"parameters": "", "subset": "all", "level": "decoder", "n_permutations": 0, "n_rows": 1}
    blank |= {"n_columns_a": 8, "n_columns_b": 8, "higher_is_similar": True}
    tested = {"null_kind": "permuted rows", "null_mean": 0.0, "null_sd": 0.0625, "null_q95": 0.125}
    tested |= {"p_value": 0.001, "q_value": 0.002, "p_best": 0.003, "n_permutations": 999}
    rsa = {"metric": "rsa", "parameters": "inner=correlation"}
    knn = {"metric": "knn_jaccard"}
    within = {"p_value": 0.25, "q_value": 0.5, "p_best": 0.5}
    distance = {"metric": "procrustes", "value": 0.75, "higher_is_similar": False, "null_mean": 1.0, "null_q95": 0.875}
    found["scores"] = [
        blank | tested | one
        for one in (
            {"comparison": "a~b", **knn, "parameters": "k=10", "value": 0.0625, **within},
            {"comparison": "a~b", **knn, "parameters": "k=10", "subset": "first:50", "value": 0.5, "n_rows": 50},
            {"comparison": "a~b", **knn, "parameters": "k=100", "value": 0.5},
            {"comparison": "a~b", **knn, "parameters": "k=5", "value": 0.25},
            {"comparison": "a~b", **distance},
            {"comparison": "a~b", **rsa, "value": 0.25},
        )
    ]
    found["scores"].append(blank | {"comparison": "a~c", **rsa, "reason": "1 pair; rsa needs 4 rows", "n_columns_b": 4})
    found["score_nulls"] = [
        {"comparison": "a~b", **rsa, "subset": "all", "level": "decoder", "draw": draw, "value": value}
        for draw, value in enumerate((-0.0625, 0.125, 0.0))
    ]


def _lay_out(found: dict[str, Rows]) -> None:
    """a's and b's two features that fire are neighbours, a's by their decoder rows too, and lie on a map each."""
    for space, by, value in (("a", "activation", 0.5), ("a", "decoder_cosine", 0.25), ("b", "activation", 0.75)):
        for feature in (0, 1):
            row = {"space": space, "feature": feature, "by": by, "rank": 1, "neighbour": 1 - feature, "value": value}
            found["neighbours"].append(row)
    found["neighbours"].sort(key=lambda row: [row[name] for name in BY_NAME["neighbours"].order])
    for method, x in (("pca", 0.5), ("umap", -2.0)):
        found["maps"] += [{"space": "a", "method": method, "feature": f, "x": x + f, "y": 1.0} for f in (0, 1)]
    found["clusters"] = [{"space": "a", "feature": f, "cluster": cluster} for f, cluster in ((0, 0), (1, None))]
    found["matches"][0] |= {"neighbour_overlap": 1.0, "neighbour_rbo": 1.0}
    found["matches"][2] |= {"neighbour_overlap": 0.0, "neighbour_rbo": 0.125}
    unknown: dict[str, Any] = dict.fromkeys(BY_NAME["map_agreement"].names)
    known = {"value": 0.5, "null_mean": 0.25, "null_sd": 0.125, "null_q95": 0.375, "p_value": 0.001, "n_rows": 40}
    score = {"comparison": "a~b", "method": "umap"}
    found["map_agreement"] = [
        unknown | score | {"measure": "knn_consistency", "n_rows": 2, "higher_is_similar": True},
        score | known | {"measure": "procrustes_disparity", "null_q95": 0.125, "higher_is_similar": False},
    ]


def write(folder: Path, rows: dict[str, Rows]) -> Path:
    """Only the database, with its macros and an honest `contents`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (DATABASE + ".new")
    path.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        # Small blocks make a small file, and so quick tests.
        connection.execute("ATTACH '{}' AS new (BLOCK_SIZE 16384)".format(str(path).replace("'", "''")))
        connection.execute("USE new")
        for table in TABLES:
            connection.execute(table.ddl)
        for statement in (*macros(), *comments()):
            connection.execute(statement)
        for table in TABLES:
            connection.register("part", pa.Table.from_pylist(rows[table.name], schema=table.arrow))
            connection.execute(table.insert)
            connection.unregister("part")
        for name in sorted(BY_NAME.keys() - {"contents"}):
            row = connection.execute(checksum_sql(name)).fetchone()
            assert row is not None
            connection.execute("INSERT INTO contents VALUES (?, ?, ?)", [name, *row])
    path.replace(folder / DATABASE)
    return folder


def publish(folder: Path, rows: dict[str, Rows]) -> Path:
    """A whole store: database, shards, log and checksums."""
    write(folder, rows)
    (folder / "shards").mkdir()
    (folder / "shards" / "a-0.parquet").write_bytes(b"a shard's bytes")
    (folder / "shards" / "b-0.parquet").write_bytes(b"another's")
    (folder / "run.log").write_text("done\n")
    seal(folder)
    return folder


def seal(folder: Path) -> None:
    """Writes `SHA256SUMS` for what the folder holds."""
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    lines = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in files if name != CHECKSUMS
    ]
    (folder / CHECKSUMS).write_text("".join(lines))


def _build() -> dict[str, Any]:
    return {
        "fingerprint": "f" * 64,
        "schema_version": SCHEMA_VERSION,
        "created_at": datetime.datetime(2026, 1, 2, 3, 4),
        "homolog_version": "0.1.0",
        "run_file": "",
        "packages": json.dumps({"duckdb": duckdb.__version__}),
    }


def _model(model: str) -> dict[str, Any]:
    sizes = {"n_layers": 1, "d_model": 8, "vocab_size": 10, "n_parameters": 100, "dtype": "float32", "device": "cpu"}
    return {"model": model, "load": f"demo:{model}", "tokenizer": model, **sizes}


def _tokens(model: str, tokens: list[tuple[int, str, int, int, bool]]) -> Rows:
    names = ("passage_id", "text", "char_start", "char_end", "is_special")
    rows: Rows = []
    for index, token in enumerate(tokens):
        position = index - next(i for i, other in enumerate(tokens) if other[0] == token[0])
        place = {"model": model, "token_index": index, "position": position}
        rows.append(place | dict(zip(names, token, strict=True)))
    return rows


def _space(space: str, model: str, n_features: int) -> dict[str, Any]:
    row: dict[str, Any] = {"space": space, "model": model, "kind": "sae", "hook": f"hook.{space}", "d_in": 8}
    alive = sum(bool(fires) for (other, _), fires in FIRES.items() if other == space)
    return row | {"n_features": n_features, "source": "here", "n_alive": alive, "l0": 1.0, "variance_explained": 0.5}


def _comparison(space_a: str, space_b: str, alignment: str, n_units: int) -> dict[str, Any]:
    row = {"comparison": f"{space_a}~{space_b}", "space_a": space_a, "space_b": space_b}
    return row | {"alignment": alignment, "n_units": n_units, "n_passages": 3}


def _describe(found: dict[str, Rows], space: str, feature: int, fires: dict[int, float]) -> None:
    """A feature's rows in every table: one histogram bin, its tokens by mass, its examples by strength."""
    model = SPACES[space][0]
    here = {"space": space, "feature": feature}
    row: dict[str, Any] = dict.fromkeys(BY_NAME["features"].names)
    found["features"].append(row | here | {"n_active": len(fires), "firing_rate": len(fires) / N_PLAIN[model]})
    found["activations"] += [here | {"token_index": t, "activation": x} for t, x in fires.items()]
    if not fires:
        return
    strongest = sorted(fires, key=lambda t: -fires[t])
    mass = sum(fires.values())
    texts = [TOKENS[model][t][1] for t in strongest]
    found["features"][-1] |= {
        "max_activation": max(fires.values()),
        "mean_activation": mass / len(fires),
        "top_token": texts[0],
        "top_token_share": fires[strongest[0]] / mass,
    }
    found["histograms"].append(here | {"bin": 0, "lower": 0.0, "upper": max(fires.values()), "count": len(fires)})
    found["logits"].append(here | {"side": "promoted", "rank": 1, "token": "x", "value": 1.5})
    for rank, (token, text) in enumerate(zip(strongest, texts, strict=True), start=1):
        share = {"rank": rank, "token": text, "mass_share": fires[token] / mass, "n_active": 1}
        found["feature_tokens"].append(here | share)
        place = {"rank": rank, "token_index": token, "passage_id": TOKENS[model][token][0]}
        found["examples"].append(here | {"stratum": "top", "activation": fires[token]} | place)
