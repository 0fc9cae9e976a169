"""What a run takes, as arithmetic: bytes and core-seconds of each step, from counts. Rough, and said so.

Times are those of `make bench` and of the demo on two cores. What is multiplied out (a network, a dictionary, a GPU's
search) is counted in FLOP and divided by the machine's rate of dense products, of which a run reaches a part.
"""

from ingest.machines import Machine
from ingest.similarity.pairs import ROWS

ASSUMED_ACTIVE = 64
"""Active features a token, where a dictionary does not say."""
STORE_BYTES, SHARD_BYTES = 8, 5
"""Bytes an activation takes in the database and in the working files, at most; the demo's: 6.0 and 4.3."""
FEATURE_BYTES, MATCH_BYTES, SCORE_BYTES = 3_000, 2_200, 1_200_000
"""Bytes, in either place: of a feature's examples, histogram, tokens, logits, neighbours and places on maps (2,900 in
the demo), of its matches in one comparison (2,000), and of all scores of a comparison with their draws (900,000)."""
BASE = 0.6e9
"""Bytes that Python, torch and the compiled loops hold."""
TILE_BYTES = 12 * 8_000_000
STRATUM_SHARE = 0.2
"""Stratum sums that there are for each activation: 15 to 20 % on the demo's text and on the benchmark's."""
PER_PRODUCT, PER_PAIR = 27e-9, 16e-9
"""Core-seconds for each product of two activations at a unit, and for each pair of features, null included."""
PER_PLACED, MAP_START = 4e-3, 15.0
"""Seconds for each feature on a UMAP, on one core however many there are, and until the first one begins."""
MATCHED = 0.4
"""Share of the narrower space's features that are mutual best matches: 0.1 to 0.5 in the demo."""
PER_DRAW, PER_ROW_PAIR, PER_PRODUCT_ENTRY, PER_DECOMPOSED = 14e-3, 4e-9, 5e-10, 3.5e-9
"""Core-seconds for each draw of all scores of a comparison: for those of one size (at units, on few pairs); for each
pair of its n matched pairs, of which up to 5,000 are compared; in d dimensions, for each of n d^2, and for each of d^3.
"""
PER_CLOSE = 13e-9
"""Core-seconds for each product of two activations of a space at a token."""
GPU_SHARE, CPU_SHARE = 0.4, 0.5
"""Share of the rate of dense products that a pass of a network and its dictionaries reaches."""
PER_DENSE, PER_READ = 3.5e-9, 0.3e-6
"""Core-seconds for each feature at each token, where a processor looks for the active ones; and for each activation:
sorted and written."""
PER_DESCRIBED, PER_FEATURE = 1.0e-6, 2e-3
"""Core-seconds for each activation and each feature: examples, histograms, tokens, concepts, the store."""
PASSAGES, ENCODED, SHARD = 64, 512, 1024
"""Passages in a forward pass, tokens encoded at once, and passages in a shard."""
HELD = 8
"""Bytes an activation of one space, while its features are described."""


def forward(layer_parameters: int, n_layers: int) -> float:
    """FLOP a token through so many blocks: a multiply and an add for each weight. Attention's products of positions,
    a few per cent at contexts of a few hundred tokens, are not counted."""
    return 2.0 * layer_parameters * n_layers


def coded(n_features: int, d_in: int) -> float:
    """FLOP a token through a dictionary: encoded, and decoded for the share of variance that it explains."""
    return 4.0 * n_features * d_in


def trained(n_features: int, d_in: int) -> float:
    """FLOP for each activation that a dictionary is trained on: through it, and back for weights and activations."""
    return 3.0 * coded(n_features, d_in)


def sifted(n_features: int, machine: Machine) -> float:
    """Seconds a token for finding the active ones among so many features; next to nothing on a GPU."""
    return 0.0 if machine.gpu is not None else PER_DENSE * n_features / machine.cores


def seconds(flop: float, dtype: str, machine: Machine) -> float:
    """On the machine's GPU, where it has one, else on all its cores."""
    if machine.gpu is not None:
        return flop / (GPU_SHARE * machine.gpu.rate(dtype))
    return flop / (CPU_SHARE * machine.core_rate * machine.cores)


def sparse_search(tokens: int, active_a: float, active_b: float, pairs: int) -> float:
    """Core-seconds for the matches of two spaces and their null, on a processor."""
    return PER_PRODUCT * tokens * active_a * active_b + PER_PAIR * pairs


def dense_search(tokens: int, pairs: int) -> float:
    """FLOP for the same on a GPU: two products of all units for the search, one for the null."""
    return 3 * 2.0 * tokens * pairs


def close(n_features: int, width: int | None, tokens: int, active: float, machine: Machine) -> float:
    """Seconds for the neighbours of a space's features: all cosines of its decoder, and all products of its activations
    at a token."""
    cosines = 2.0 * n_features**2 * (width or 0) / (CPU_SHARE * machine.core_rate)
    return (cosines + PER_CLOSE * tokens * active**2) / machine.cores


def sooner_on_gpu(tokens: int, active_a: float, active_b: float, pairs: int, machine: Machine) -> bool:
    """Whether the machine's GPU finds the matches of two spaces before its processor does.

    A GPU multiplies every pair of features at every unit, a processor what is active: dictionaries of many thousand
    features, of which a few dozen are active, are the processor's.
    """
    if machine.gpu is None:
        return False
    on_cores = sparse_search(tokens, active_a, active_b, pairs) / machine.cores
    return seconds(dense_search(tokens, pairs), "float32", machine) < on_cores


def matching_memory(n_a: int, n_b: int) -> float:
    """Bytes, at the most, for spaces of so many activations."""
    return BASE + 8 * (n_a + 2 * n_b) + STRATUM_SHARE * (20 * n_a + 32 * n_b) + TILE_BYTES


def draw(n_features: int, width: int | None) -> float:
    """Core-seconds for one draw of every score of a comparison; `n_features` and `width` of the narrower space."""
    if not width:
        return PER_DRAW
    matched = MATCHED * n_features
    d = min(width, matched)
    compared = PER_ROW_PAIR * min(matched, ROWS) ** 2
    return PER_DRAW + compared + PER_PRODUCT_ENTRY * matched * d**2 + PER_DECOMPOSED * d**3


def reading_memory(context: int, d_in: int, widest: int, active: float, spaces: int) -> float:
    """Bytes while a model is read: a batch at every hook, dense features of some tokens, and a shard's sparse rows."""
    batch = 4.0 * PASSAGES * context * d_in * (2 + spaces)
    return BASE + batch + 3 * 4.0 * ENCODED * widest + 3 * 20.0 * SHARD * context * active
