"""Every table and column of a store, once: the DDL, the Arrow schemas and the data dictionary all derive from `TABLES`.

A table's `order` is the total order of its rows on disk and its `key` is unique; `python -m store check` proves both.
"""

from dataclasses import dataclass

import pyarrow as pa

from store import sql

SCHEMA_VERSION = 5
"""Raised whenever a table or column changes its meaning; a reader refuses a newer one."""

DATABASE = "homolog.duckdb"
CHECKSUMS = "SHA256SUMS"

_ARROW = {
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "INTEGER": pa.int32(),
    "INTEGER[]": pa.list_(pa.int32()),
    "BIGINT": pa.int64(),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "TIMESTAMP": pa.timestamp("us"),
}


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    """A DuckDB type, one of the keys of `_ARROW`."""
    meaning: str
    unit: str = ""
    nullable: bool = False
    """Whether NULL ("unknown") may stand here."""
    derived: bool = False
    """Whether publishing computes it from other columns of the store, for speed."""


@dataclass(frozen=True)
class Table:
    name: str
    meaning: str
    key: tuple[str, ...]
    order: tuple[str, ...]
    columns: tuple[Column, ...]
    derived: bool = False
    """Whether publishing makes it from the tables before it, for speed."""
    plain: tuple[str, ...] = ()
    """Columns that are stored as they are: unpacking them took most of a question, and correlations shrink little."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema that rows of this table must have; what publishing derives is not in it."""
        given = [c for c in self.columns if not c.derived]
        return pa.schema([pa.field(c.name, _ARROW[c.type], nullable=c.nullable) for c in given])

    @property
    def ddl(self) -> str:
        """`CREATE TABLE`, with NOT NULL where the schema says so."""
        columns = ",\n  ".join(
            f'"{c.name}" {c.type}{" USING COMPRESSION uncompressed" if c.name in self.plain else ""}'
            f"{'' if c.nullable else ' NOT NULL'}"
            for c in self.columns
        )
        return f'CREATE TABLE "{self.name}" (\n  {columns}\n)'

    @property
    def insert(self) -> str:
        """The statement that adds the rows of a relation `part`, or that makes a derived table.

        The tables before this one must be there, and the macros of `macros`.
        """
        if self.derived or any(column.derived for column in self.columns):
            return sql.load(f"insert_{self.name}")
        names = ", ".join(f'"{name}"' for name in self.names)
        return f'INSERT INTO "{self.name}" SELECT {names} FROM part'


SPACE = Column("space", "VARCHAR", "Feature space, by its name in the run file")
FEATURE = Column("feature", "INTEGER", "Feature of the space, counted from 0", "index")
RANK = Column("rank", "INTEGER", "Place in its list, 1 is first", "rank")
COMPARISON = Column("comparison", "VARCHAR", "Ordered pair of spaces, named `<space A>~<space B>`")
TOKEN_INDEX = Column("token_index", "INTEGER", "Token, counted from 0 through all passages of its model", "index")
PASSAGE = Column("passage_id", "INTEGER", "Passage, counted from 0", "index")

SCORED = (
    COMPARISON,
    Column("metric", "VARCHAR", "Similarity metric, by its name in `ingest.similarity`"),
    Column("parameters", "VARCHAR", "Its parameters, such as `k=10`; empty where it has none"),
    Column(
        "subset",
        "VARCHAR",
        "Which mutual best matches: `all`, those `kept` by the default filter, the `first:<n>` by pearson, and "
        "`concept:<name>`, of which either feature has 30 % of its activation mass on the concept's words",
    ),
    Column("level", "VARCHAR", "`decoder` (decoder rows of the pairs) or `activations` (units x matched features)"),
)

MATCH = (
    COMPARISON,
    Column("feature_a", "INTEGER", "Feature of space A", "index"),
    Column("feature_b", "INTEGER", "Feature of space B", "index"),
    Column("rank_ab", "INTEGER", "B's place among A's candidates by pearson; NULL beyond ten", "rank", True),
    Column("rank_ba", "INTEGER", "A's place among B's candidates by pearson; NULL beyond ten", "rank", True),
    Column("mutual_best", "BOOLEAN", "Each is the other's best by pearson"),
    Column("assigned", "BOOLEAN", "Paired by the one-to-one assignment with the largest sum of pearson"),
    Column("pearson", "DOUBLE", "Correlation of the two activations over all units", "correlation"),
    Column("pearson_token", "DOUBLE", "Part of pearson that the unit's token alone explains", "correlation"),
    Column("pearson_position", "DOUBLE", "Part that the position in the passage alone explains", "correlation"),
    Column("pearson_context", "DOUBLE", "pearson - pearson_token: what the context explains", "correlation"),
    Column(
        "z_context",
        "DOUBLE",
        "Standard deviations above a shuffle of B's activations among occurrences of the same token; "
        "NULL when that shuffle changes nothing",
        "sd",
        True,
    ),
    Column("cosine", "DOUBLE", "Cosine of the two activation vectors", "cosine"),
    Column("jaccard", "DOUBLE", "Units where both fire / units where either fires", "fraction"),
    Column("n_both", "INTEGER", "Units where both fire", "units"),
    Column("n_a_only", "INTEGER", "Units where only A fires", "units"),
    Column("n_b_only", "INTEGER", "Units where only B fires", "units"),
    Column("decoder_cosine", "DOUBLE", "Cosine of decoder rows; NULL unless one model, hook", "cosine", True),
    Column("margin", "DOUBLE", "pearson minus A's best other candidate; NULL if none", "correlation", True),
    Column("hub_size", "INTEGER", "Features of A with this as best match, chance (q > 0.05) apart", "features"),
    Column("p_value", "DOUBLE", "Against the best-match null; NULL when not computed", "probability", True),
    Column("q_value", "DOUBLE", "Benjamini-Hochberg over A; NULL when not computed", "probability", True),
    Column(
        "neighbour_overlap",
        "DOUBLE",
        "A's ten nearest by activation, carried over by their best matches, and B's ten nearest: "
        "those in both / those in either; NULL where either has none",
        "fraction",
        True,
    ),
    Column(
        "neighbour_rbo",
        "DOUBLE",
        "The same for the order of both whole lists: rank-biased overlap, p = 0.9",
        "fraction",
        True,
    ),
    Column("least_active", "INTEGER", "Tokens that the rarer of the two fires on", "tokens", derived=True),
    Column(
        "largest_rate",
        "DOUBLE",
        "Firing rate of the more frequent of the two",
        "fraction",
        derived=True,
    ),
    Column("largest_special", "DOUBLE", "The larger special_share of the two", "fraction", True, True),
    Column("least_top_share", "DOUBLE", "The smaller top_token_share; NULL if one is", "fraction", True, True),
    Column("both_stop", "BOOLEAN", "Whether both top tokens are stop words or marks", derived=True),
    Column("reason_bits", "INTEGER", "Its reasons at the default thresholds, as bits", derived=True),
)

TABLES: tuple[Table, ...] = (
    Table(
        "build",
        "How this store was made; one row.",
        ("fingerprint",),
        ("fingerprint",),
        (
            Column("fingerprint", "VARCHAR", "SHA-256 of the inputs: weights, text, run file, schema", "hex"),
            Column("schema_version", "INTEGER", "Version of this schema"),
            Column("created_at", "TIMESTAMP", "When the store was published", "UTC"),
            Column("homolog_version", "VARCHAR", "Version of Homolog that wrote it"),
            Column("run_file", "VARCHAR", "The run file, as it was read", "TOML"),
            Column("packages", "VARCHAR", "Versions of the packages that the numbers depend on", "JSON"),
        ),
    ),
    Table(
        "contents",
        "What each table held when it was published; `python -m store check` compares.",
        ("table_name",),
        ("table_name",),
        (
            Column("table_name", "VARCHAR", "Table"),
            Column("n_rows", "BIGINT", "Rows", "rows"),
            Column("checksum", "VARCHAR", "Sum of the 64-bit hashes of all rows, modulo 2^128", "integer"),
        ),
    ),
    Table(
        "passages",
        "Stretches of text that every model of the run read as one context.",
        ("passage_id",),
        ("passage_id",),
        (
            PASSAGE,
            Column("source", "VARCHAR", "Where the text comes from, such as `numpy.linalg._linalg:svd`"),
            Column("text", "VARCHAR", "The text"),
        ),
    ),
    Table(
        "models",
        "Language models of the run.",
        ("model",),
        ("model",),
        (
            Column("model", "VARCHAR", "Model, by its name in the run file"),
            Column("load", "VARCHAR", "What it was loaded from"),
            Column("n_layers", "INTEGER", "Transformer blocks", "layers", True),
            Column("d_model", "INTEGER", "Width of the residual stream", "dimensions", True),
            Column("vocab_size", "INTEGER", "Entries of the tokenizer's vocabulary", "tokens", True),
            Column("n_parameters", "BIGINT", "Trained weights", "parameters", True),
            Column("dtype", "VARCHAR", "Numbers it computed in: `float32`, `bfloat16` or `float16`", "", True),
            Column("device", "VARCHAR", "Where it computed: `cpu`, `cuda` or `mps`", "", True),
            Column("tokenizer", "VARCHAR", "SHA-256 of the tokenizer: models that agree here share tokens", "hex"),
        ),
    ),
    Table(
        "tokens",
        "Each model's own tokens of each passage.",
        ("model", "token_index"),
        ("model", "token_index"),
        (
            Column("model", "VARCHAR", "Model"),
            TOKEN_INDEX,
            PASSAGE,
            Column("position", "INTEGER", "Place in the passage, special tokens included, from 0", "tokens"),
            Column("token_id", "INTEGER", "Entry of the model's vocabulary", "index", True),
            Column("text", "VARCHAR", "The entry of the vocabulary as text; bytes that are no character as `<0xE2>`"),
            Column("char_start", "INTEGER", "First character in the passage's text", "characters"),
            Column("char_end", "INTEGER", "One past the last character", "characters"),
            Column("is_special", "BOOLEAN", "BOS, EOS or PAD: never counted in a statistic, an example or a match"),
        ),
    ),
    Table(
        "vocabulary",
        "The token texts of each model, numbered in their order.",
        ("model", "text_id"),
        ("model", "text_id"),
        (
            Column("model", "VARCHAR", "Model"),
            Column("text_id", "INTEGER", "Token text, by its place among those of its model in their order", "index"),
            Column("text", "VARCHAR", "The text"),
            Column("n_tokens", "BIGINT", "How often it stands in the passages, special ones apart", "tokens"),
        ),
        derived=True,
    ),
    Table(
        "contexts",
        "The tokens of each passage as one row, of each model.",
        ("model", "passage_id"),
        ("model", "passage_id"),
        (
            Column("model", "VARCHAR", "Model"),
            PASSAGE,
            Column("first_token", "INTEGER", "Its first token, special ones included", "index"),
            Column("text_ids", "INTEGER[]", "text_id of each token; of a special one -1 - text_id", "index"),
        ),
        derived=True,
    ),
    Table(
        "spaces",
        "Feature spaces: one dictionary of features read at one hook of one model.",
        ("space",),
        ("space",),
        (
            SPACE,
            Column("model", "VARCHAR", "Model it reads"),
            Column("kind", "VARCHAR", "`sae`, `neurons`, `random_sae` or `imported`"),
            Column("hook", "VARCHAR", "Place in the model: a hook of TransformerLens, or a module's name", "", True),
            Column("d_in", "INTEGER", "Width of the activations it reads", "dimensions", True),
            Column("n_features", "INTEGER", "Features, dead ones included", "features"),
            Column("source", "VARCHAR", "What it was loaded from"),
            Column("n_alive", "INTEGER", "Features that fire at least once", "features"),
            Column("l0", "DOUBLE", "Active features a token, on average", "features / token"),
            Column(
                "variance_explained",
                "DOUBLE",
                "1 - residual / total variance of the hook on this text (neurons: what the kept hold); NULL if unknown",
                "fraction",
                True,
            ),
            Column("neuronpedia_id", "VARCHAR", "Name on Neuronpedia", "", True),
        ),
    ),
    Table(
        "features",
        "Statistics of each feature, over tokens that are not special.",
        ("space", "feature"),
        ("space", "feature"),
        (
            SPACE,
            FEATURE,
            Column("n_active", "INTEGER", "Tokens it fires on", "tokens"),
            Column("firing_rate", "DOUBLE", "Share of tokens it fires on", "fraction"),
            Column("max_activation", "FLOAT", "Largest activation; NULL when it never fires", "activation", True),
            Column("mean_activation", "DOUBLE", "Mean over the tokens it fires on", "activation", True),
            Column("top_token", "VARCHAR", "Token text with the largest share of its activation mass", "", True),
            Column("top_token_share", "DOUBLE", "That share", "fraction", True),
            Column("token_entropy_bits", "DOUBLE", "Entropy of its activation mass over token texts", "bits", True),
            Column("special_share", "DOUBLE", "Share of its whole mass that lies on special tokens", "fraction", True),
            Column("decoder_norm", "DOUBLE", "Euclidean norm of its decoder row", "", True),
            Column("label", "VARCHAR", "A name that somebody gave it", "", True),
        ),
    ),
    Table(
        "activations",
        "Every activation above zero on a token that is not special.",
        ("space", "feature", "token_index"),
        ("space", "feature", "token_index"),
        (SPACE, FEATURE, TOKEN_INDEX, Column("activation", "FLOAT", "Strength, above 0", "activation")),
    ),
    Table(
        "examples",
        "Tokens that show what a feature fires on: the strongest of each of the top passages, five intervals, random.",
        ("space", "feature", "stratum", "rank"),
        ("space", "feature", "stratum", "rank"),
        (
            SPACE,
            FEATURE,
            Column("stratum", "VARCHAR", "`top`; `q1` (weakest fifth of the range 0 to the maximum) to `q5`; `random`"),
            RANK,
            TOKEN_INDEX,
            PASSAGE,
            Column("activation", "FLOAT", "Activation at that token", "activation"),
        ),
    ),
    Table(
        "histograms",
        "Distribution of each feature's activations above zero, in 50 equal bins from 0 to its maximum.",
        ("space", "feature", "bin"),
        ("space", "feature", "bin"),
        (
            SPACE,
            FEATURE,
            Column("bin", "INTEGER", "Bin, from 0", "index"),
            Column("lower", "DOUBLE", "Lower edge, excluded", "activation"),
            Column("upper", "DOUBLE", "Upper edge, included", "activation"),
            Column("count", "INTEGER", "Tokens", "tokens"),
        ),
    ),
    Table(
        "logits",
        "Output tokens that a feature's decoder row raises and lowers most (row times the unembedding, centred).",
        ("space", "feature", "side", "rank"),
        ("space", "feature", "side", "rank"),
        (
            SPACE,
            FEATURE,
            Column("side", "VARCHAR", "`promoted` or `suppressed`"),
            RANK,
            Column("token", "VARCHAR", "Output token"),
            Column("value", "FLOAT", "Direct effect on its logit, before the final norm", "logits / activation"),
        ),
    ),
    Table(
        "feature_tokens",
        "Token texts that carry most of a feature's activation mass.",
        ("space", "feature", "rank"),
        ("space", "feature", "rank"),
        (
            SPACE,
            FEATURE,
            RANK,
            Column("token", "VARCHAR", "Token text"),
            Column("mass_share", "DOUBLE", "Share of the feature's activation mass", "fraction"),
            Column("n_active", "INTEGER", "Occurrences it fires on", "tokens"),
            Column("text_id", "INTEGER", "The text's number in the vocabulary of the model", "index", True, True),
        ),
    ),
    Table(
        "neighbours",
        "Each feature's 50 nearest of its own space, of those that fire; only values above 0 make a neighbour.",
        ("space", "feature", "by", "rank"),
        ("space", "feature", "by", "rank"),
        (
            SPACE,
            FEATURE,
            Column("by", "VARCHAR", "`activation` (correlation over all tokens) or `decoder_cosine`"),
            RANK,
            Column("neighbour", "INTEGER", "The near feature", "index"),
            Column("value", "FLOAT", "The correlation, or the cosine of the two decoder rows", "correlation or cosine"),
        ),
    ),
    Table(
        "maps",
        "Decoder rows of the features that fire, on a plane; a space without decoder rows has no map.",
        ("space", "method", "feature"),
        ("space", "method", "feature"),
        (
            SPACE,
            Column("method", "VARCHAR", "`pca` (of standardised unit rows) or `umap` (cosine, 15 neighbours, seed 42)"),
            FEATURE,
            Column("x", "FLOAT", "First coordinate; a PCA's first component"),
            Column("y", "FLOAT", "Second coordinate"),
        ),
    ),
    Table(
        "clusters",
        "Clusters of the UMAP (HDBSCAN, at least 15 features): islands of the picture.",
        ("space", "feature"),
        ("space", "feature"),
        (
            SPACE,
            FEATURE,
            Column("cluster", "INTEGER", "Cluster, from 0, the largest first; NULL in none", "index", True),
        ),
    ),
    Table(
        "concepts",
        "Named lists of words. A concept whose words no passage holds is kept, and has no feature.",
        ("concept", "keyword"),
        ("concept", "keyword"),
        (
            Column("concept", "VARCHAR", "Concept"),
            Column("keyword", "VARCHAR", "One of its words or phrases, in lower case"),
            Column("n_found", "BIGINT", "Times that the passages spell it as whole words, in any case", "occurrences"),
        ),
    ),
    Table(
        "concept_features",
        "Features with more than 1 % of their activation mass on a concept's keywords.",
        ("concept", "space", "feature"),
        ("space", "concept", "feature"),
        (
            Column("concept", "VARCHAR", "Concept"),
            SPACE,
            FEATURE,
            Column("mass_share", "DOUBLE", "Share of its activation mass on tokens that spell them", "fraction"),
            Column("n_active", "INTEGER", "Tokens that spell them and that it fires on", "tokens"),
        ),
    ),
    Table(
        "comparisons",
        "Ordered pairs of spaces over the same passages.",
        ("comparison",),
        ("comparison",),
        (
            COMPARISON,
            Column("space_a", "VARCHAR", "Space A"),
            Column("space_b", "VARCHAR", "Space B"),
            Column("alignment", "VARCHAR", "`identical` (a unit is a token), or the two models of `units`"),
            Column("n_units", "BIGINT", "Aligned units, special tokens left out", "units"),
            Column("n_passages", "INTEGER", "Passages", "passages"),
        ),
    ),
    Table(
        "units",
        "Aligned units of two models with different tokens; an `identical` alignment needs no rows.",
        ("alignment", "unit"),
        ("alignment", "unit"),
        (
            Column("alignment", "VARCHAR", "`<model A>~<model B>`"),
            Column("unit", "INTEGER", "Unit, from 0", "index"),
            PASSAGE,
            Column("token_a", "INTEGER", "First token of A's model in the unit", "index"),
            Column("n_tokens_a", "INTEGER", "Tokens of A's model in it", "tokens"),
            Column("token_b", "INTEGER", "First token of B's model in the unit", "index"),
            Column("n_tokens_b", "INTEGER", "Tokens of B's model in it", "tokens"),
        ),
    ),
    Table(
        "unit_texts",
        "The texts of aligned units, in the tokens of A's model, numbered in their order.",
        ("alignment", "text_id"),
        ("alignment", "text_id"),
        (
            Column("alignment", "VARCHAR", "`<model A>~<model B>`"),
            Column("text_id", "INTEGER", "Text, by its place among those of its alignment in their order", "index"),
            Column("text", "VARCHAR", "A's tokens of the unit, joined"),
            Column("n_units", "BIGINT", "How many units have it", "units"),
        ),
        derived=True,
    ),
    Table(
        "unit_contexts",
        "The units of each passage as one row.",
        ("alignment", "passage_id"),
        ("alignment", "passage_id"),
        (
            Column("alignment", "VARCHAR", "`<model A>~<model B>`"),
            PASSAGE,
            Column("first_unit", "INTEGER", "Its first unit", "index"),
            Column("units_a", "INTEGER[]", "Unit of each token of A, from the first one; NULL in none", "index"),
            Column("units_b", "INTEGER[]", "The same of each token of B", "index"),
            Column("text_ids", "INTEGER[]", "text_id of each unit", "index"),
        ),
        derived=True,
    ),
    Table(
        "matches",
        "Candidate pairs with their evidence: the ten best by pearson and by pearson_context, from both sides.",
        ("comparison", "feature_a", "feature_b"),
        ("comparison", "feature_a", "feature_b"),
        MATCH,
        plain=("pearson", "pearson_token", "pearson_position", "pearson_context"),
    ),
    Table(
        "picked_matches",
        "A copy of the matches that pages read most: the best of either side, and of the others a fixed sample.",
        ("comparison", "feature_a", "feature_b"),
        ("comparison", "feature_a", "feature_b"),
        MATCH,
        derived=True,
        plain=tuple(column.name for column in MATCH if column.type != "VARCHAR"),
    ),
    Table(
        "match_summaries",
        "What the matches of a comparison are as a whole, whatever the thresholds.",
        ("comparison",),
        ("comparison",),
        (
            COMPARISON,
            Column("n_candidates", "BIGINT", "Matches", "matches"),
            Column("n_mutual", "BIGINT", "Mutual best matches", "matches"),
            Column("median_pearson", "DOUBLE", "Median pearson of the best match of A's features", "correlation", True),
            Column("median_context", "DOUBLE", "Median pearson_context of these", "correlation", True),
        ),
        derived=True,
    ),
    Table(
        "reason_counts",
        "How many matches of a comparison have each combination of reasons at the default thresholds.",
        ("comparison", "flags"),
        ("comparison", "flags"),
        (
            COMPARISON,
            Column("flags", "INTEGER", "reason_bits, 2048 for a pearson below 0, 4096 for a pearson_context below -1"),
            Column("n_matches", "BIGINT", "Matches that have just these", "matches"),
        ),
        derived=True,
    ),
    Table(
        "match_nulls",
        "What chance looks like: the best r of a feature of A when B reads other passages, by how often it fires.",
        ("comparison", "n_active_low"),
        ("comparison", "n_active_low"),
        (
            COMPARISON,
            Column("n_active_low", "INTEGER", "Features of A that fire on at least this many units", "units"),
            Column("n_active_high", "INTEGER", "and on at most this many", "units"),
            Column("n_features", "INTEGER", "Features of A in this range", "features"),
            Column(
                "n_maxima", "INTEGER", "Null maxima pooled, those borrowed from the ranges around included", "maxima"
            ),
            Column("mean", "DOUBLE", "Mean of the maxima; NULL where there are too few", "correlation", True),
            Column("sd", "DOUBLE", "Standard deviation of the maxima", "correlation", True),
            Column("median", "DOUBLE", "Median of the maxima", "correlation", True),
            Column(
                "q95", "DOUBLE", "95 % quantile of the maxima: the floor that a match must clear", "correlation", True
            ),
            Column("maximum", "DOUBLE", "Largest of the maxima", "correlation", True),
        ),
    ),
    Table(
        "scores",
        "Similarity metrics of a comparison, each with its null; NULL with the reason where there is no value.",
        ("comparison", "metric", "parameters", "subset", "level"),
        ("comparison", "metric", "parameters", "subset", "level"),
        (
            *SCORED,
            Column("value", "DOUBLE", "The metric; NULL where `reason` says why", "", True),
            Column("reason", "VARCHAR", "Why there is no value, in words", "", True),
            Column(
                "null_kind",
                "VARCHAR",
                "What the null leaves to chance: `permuted rows`, or what stands instead",
                "",
                True,
            ),
            Column("null_mean", "DOUBLE", "Mean of the null", "", True),
            Column("null_sd", "DOUBLE", "Standard deviation of the null", "", True),
            Column(
                "null_q95",
                "DOUBLE",
                "What the null reaches once in twenty: its 95 % quantile; its 5 % where less is more similar",
                "",
                True,
            ),
            Column(
                "p_value", "DOUBLE", "(1 + null values at least as similar) / (1 + n_permutations)", "probability", True
            ),
            Column("q_value", "DOUBLE", "Benjamini-Hochberg over all scores of the store", "probability", True),
            Column(
                "p_best",
                "DOUBLE",
                "p against the best of all comparisons of the two models, floors and baselines apart",
                "probability",
                True,
            ),
            Column("n_permutations", "INTEGER", "Draws of the null", "draws"),
            Column(
                "n_rows",
                "INTEGER",
                "Paired rows that it was taken on: matched pairs at `decoder`, units at `activations`",
                "rows",
            ),
            Column("n_columns_a", "INTEGER", "Columns of A's side", "columns"),
            Column("n_columns_b", "INTEGER", "Columns of B's side", "columns"),
            Column("higher_is_similar", "BOOLEAN", "Whether a larger value means more alike"),
        ),
    ),
    Table(
        "score_nulls",
        "A sample of each score's null, for the picture.",
        ("comparison", "metric", "parameters", "subset", "level", "draw"),
        ("comparison", "metric", "parameters", "subset", "level", "draw"),
        (
            *SCORED,
            Column("draw", "INTEGER", "Draw, from 0", "index"),
            Column("value", "DOUBLE", "The metric on that draw"),
        ),
    ),
    Table(
        "map_agreement",
        "Do two spaces lie alike? Scores of the mutual best matches, against the same features paired at random.",
        ("comparison", "method", "measure"),
        ("comparison", "method", "measure"),
        (
            COMPARISON,
            Column("method", "VARCHAR", "`pca`, `umap`, or `neighbours` (no map: the neighbours by activation)"),
            Column(
                "measure",
                "VARCHAR",
                "`procrustes_disparity` (residual after rotation and scale), `knn_consistency` (share of ten nearest "
                "that agree), `distance_correlation`; of neighbours `overlap`, the mean neighbour_overlap",
            ),
            Column("value", "DOUBLE", "The score, 0 to 1; NULL with fewer than 20 rows", "", True),
            Column("null_mean", "DOUBLE", "Mean over 999 random pairings", "", True),
            Column("null_sd", "DOUBLE", "Standard deviation over them", "", True),
            Column("null_q95", "DOUBLE", "What 5 % of them reach: 95 % quantile, of a disparity 5 %", "", True),
            Column("p_value", "DOUBLE", "(1 + pairings at least as similar) / 1000", "probability", True),
            Column("n_rows", "INTEGER", "Matched features that it is taken on, at most 2,000", "features"),
            Column("higher_is_similar", "BOOLEAN", "Whether more means more alike"),
        ),
    ),
)

BY_NAME = {table.name: table for table in TABLES}


def dictionary() -> list[tuple[str, str, str, str, str]]:
    """The data dictionary: (table, column, type, unit, meaning) for every column, in the order of the schema."""
    return [(t.name, c.name, c.type, c.unit, c.meaning) for t in TABLES for c in t.columns]


def comments() -> list[str]:
    """The `COMMENT ON` statements by which a published database carries its own dictionary: meanings with units."""
    found = [(f'TABLE "{table.name}"', table.meaning) for table in TABLES]
    for table, column, _, unit, meaning in dictionary():
        found.append((f'COLUMN "{table}"."{column}"', f"{meaning} [{unit}]" if unit else meaning))
    return ["COMMENT ON {} IS '{}'".format(what, text.replace("'", "''")) for what, text in found]


def macros() -> list[str]:
    """The `CREATE MACRO` statements that a published database holds: `judged_matches` and what it is made of."""
    return [one.strip() for one in sql.load("judged_matches").split(";\n") if one.strip()]
