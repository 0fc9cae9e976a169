"""The words of the pages, in plain words."""

WORDS = {
    "space": "A feature space: one dictionary of features read at one place (hook) of one model. A sparse "
    "autoencoder, the model's own "
    "units, an autoencoder with random weights, or activations computed elsewhere.",
    "feature": "One direction of a space, a number from 0. Written space:number.",
    "fires": "A feature fires on a token when its activation there is above 0.",
    "passage": "One stretch of text that every model of a run reads as one context.",
    "token": "A model's own piece of text. Special tokens (begin-of-text, padding) are never counted.",
    "unit": "The smallest stretch of a passage whose two ends are token boundaries for both models. With one "
    "tokenizer a unit is a token.",
    "comparison": "An ordered pair of spaces, A and B, over the same passages. A is blue, B is orange.",
    "match": "A candidate pair of features with all its evidence: among the ten best, by r or by context, of "
    "either side.",
    "r": "Pearson correlation of two features' activations over all units (pearson).",
    "token part": "What r would be if only the token mattered: each occurrence is paired with other occurrences "
    "of the same token (pearson_token).",
    "context": "r less its token part: what only the context explains (pearson_context).",
    "mutual best": "Each of the two is the other's best match by r.",
    "contextual homologue": "A mutual best match for which none of the reasons below holds.",
    "reason": "Why a match may be trivial. Evidence is stored, thresholds are chosen when you look.",
    "margin": "How far a match's r is above the second best of the same feature of A.",
    "top token": "The token text that carries most of a feature's activation (top_token), with its share "
    "(top_token_share). A feature that fires on any word has a stop word here too, with a small share.",
    "hub": "A feature of B that is the best match of many features of A. Only best matches beyond chance count (q at "
    "most .05, or not known): luck alone sends features without a partner to those that fire often (hub_size).",
    "ceiling": "What two dictionaries of one model at one hook share, such as two training seeds.",
    "floor": "What a dictionary with random weights shares.",
    "q": "Benjamini-Hochberg over A's features of the chance that a search among shuffled passages finds as good "
    "a match.",
    "chance": "What the best match of a feature looks like when B reads other passages: no pair is real, and still the "
    "best of thousands can have a high r, most of all for a feature that fires rarely (match_nulls).",
    "unmatched": "An alive feature whose best match on the other side is weak: what one model has and the other lacks.",
    "activation mass": "How often a feature fires times its mean activation there: the sum of all its activations.",
    "score": "One similarity metric of a comparison as a whole, with its null distribution. Taken on decoder rows of "
    "the matched pairs, or on their activations at units (level).",
    "null": "What a score looks like when there is nothing to find: the same number after the pairing of rows was "
    "shuffled. Its q95 is what that reaches once in twenty (null_q95); p is how often it is at least as similar "
    "(p_value), and q is p after Benjamini-Hochberg over all scores of the store (q_value).",
    "sweep": "One score at several numbers of neighbours (k) or of pairs: a finding should not hang on one choice.",
    "family": "Features of three spaces or more that mutual best matches passing the filter connect, one to the next. "
    "It is named after its first member.",
    "neighbour": "A feature of the same space whose activations correlate with this one's; the ten nearest are its "
    "company. By direction: the cosine of decoder rows, another measure.",
    "neighbour overlap": "Of the ten nearest of A's feature, carried over by their best matches, and the ten nearest "
    "of its own match: those in both / those in either (neighbour_overlap).",
    "map": "A space's decoder rows laid out on a plane: PCA, the two directions of largest spread, or UMAP, which "
    "keeps neighbours near. Its axes have no unit, and two maps are laid out apart.",
    "agreement": "How alike two maps place matched features, beside the same features paired at random "
    "(map_agreement).",
    "concept": "A named list of words. A feature belongs to it by the share of its activation on these words.",
    "store": "The folder that a run publishes; its heart is homolog.duckdb. Its fingerprint is a hash of the inputs.",
}
