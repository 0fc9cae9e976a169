"""A store whose every text is hostile: markup, markdown, directions, controls, accents, ten thousand characters.

Passage k reads `left`, text k, ` right`; feature k of every space fires on text k, which is its top token, its label, an
output token and a keyword. Model `m1` has each text as one token, `m2` cut in half. Odd features pass the default filter,
even ones have reasons that quote their tokens. Lone surrogates are not here: a store holds UTF-8, and bytes of a split
character stand in it as `<0xE2>`.
"""

from pathlib import Path
from typing import Any

from store.schema import BY_NAME, TABLES
from tests.store import build

ELSEWHERE = "evil.example"
"""A host that nothing may fetch from or link to."""
TEXTS = {
    "script": "<script>window.hacked=1</script>",
    "image": '"><img src=x onerror="window.hacked=1">',
    "attribute": "' onmouseover='window.hacked=1' style=\"position:fixed;inset:0",
    "svg": "<svg onload=window.hacked=1><circle r=9></svg>",
    "frame": f'<iframe src="http://{ELSEWHERE}/"></iframe>',
    "style": "</span></div></td><style>body{display:none}</style>",
    "elements": "<wbr><br><b>bold</b><!-- x --><template>",
    "entities": "&lt;b&gt; &amp;amp; &#x3c;i&#62; &nbsp;",
    "url": f"http://{ELSEWHERE}/ www.{ELSEWHERE} me@{ELSEWHERE}",
    "markdown link": "[click](javascript:window.hacked=1)",
    "markdown image": f"![x](http://{ELSEWHERE}/pixel.png)",
    "markdown": "# *a* **b** ~c~ ~~d~~ `e` > f\n- g\n1. h",
    "markdown table": "| a | b |\n|---|---|\n| 1 | 2 |",
    "latex": "$\\frac{1}{2}$ $$\\sum$$",
    "directives": ":red[hot] :material/delete: :smile: :blue-background[x]",
    "template": "${1} {0} {{x}} %s %(x)s <%= 1 %>",
    "expression": "datum['a'] || window.hacked=1",
    "prototype": "__proto__",
    "quotes": "\\\"'`\\n\\u003c",
    "formula": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(A1:A9)",
    "tab formula": "\t=1+1",
    "return formula": "\r=1+1",
    "override": "\u202eabc\u202c def",
    "isolate": "\u2067abc",
    "hebrew": "\u05e9\u05dc\u05d5\u05dd 12:",
    "arabic": "\u0645\u0631\u062d\u0628\u0627",
    "null": "a\x00b",
    "escape": "\x1b[31mred\x1b]0;title\x07",
    "controls": "\x01\x08\x0b\x0c\x7f\x85",
    "zero width": "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg",
    "separators": "a\u2028b\u2029c\u00a0d\u3000e",
    "accents": "z" + "\u0301\u0316" * 60,
    "bare accent": "\u0301\u0301x",
    "unseen": "\u3164\u115f\ufe0f\u034f\u2800\U000e0041",
    "private": "\ue000\U0010ffff",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1eb\U0001f1f7",
    "split bytes": "<0xE2><0x82>",
    "replacement": "\ufffd",
    "lines": "one\ntwo\r\nthree\n",
    "blank": "   ",
    "long": "x" * 10_000,
    "long words": "lorem ipsum " * 900,
    "nothing": "None nan NULL undefined",
}
N = len(TEXTS)
ALL = tuple(TEXTS.values())
A, B, C = f"www.{ELSEWHERE}", "b._x_.-", "c--d"
"""Names are slugs, some of which markdown would read: as a link, as emphasis."""
SPACES = {A: "m1", B: "m1", C: "m2"}


def place(name: str) -> int:
    """The feature, and the passage, of a text."""
    return list(TEXTS).index(name)


def halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def seen(model: str, text: str) -> str:
    """What a feature of a model that fires on a text has as its token."""
    return text if model == "m1" else halves(text)[0]


def cut(model: str, text: str) -> list[str]:
    """The tokens of a passage, a special one first."""
    return ["<bos>", "left", *([text] if model == "m1" else halves(text)), " right"]


def tables() -> dict[str, build.Rows]:
    """The rows of the store."""
    small = build.tables()
    found: dict[str, build.Rows] = {table.name: [] for table in TABLES}
    found["build"] = [small["build"][0] | {"run_file": _run_file(), "packages": '{"<b>x</b>": "\\u202e1"}'}]
    found["models"] = [
        row | {"load": f"huggingface:{text}"}
        for row, text in zip(small["models"], (TEXTS["script"], TEXTS["markdown image"]), strict=True)
    ]
    for k, text in enumerate(ALL):
        source = text if k % 2 else f"{text}:{k}"
        found["passages"].append({"passage_id": k, "source": source, "text": f"left{text} right"})
    for model in ("m1", "m2"):
        found["tokens"] += _tokens(model)
    _units(found)
    for space, model in SPACES.items():
        _space(found, space, model, small["spaces"][0])
    for space_b, alignment in ((B, "identical"), (C, "m1~m2")):
        row = {"comparison": f"{A}~{space_b}", "space_a": A, "space_b": space_b, "alignment": alignment}
        found["comparisons"].append(row | {"n_units": 3 * N, "n_passages": N})
        found["matches"] += [_match(f"{A}~{space_b}", k) for k in range(N)]
    for name in ("match_nulls", "map_agreement", "scores", "score_nulls"):
        found[name] = [row | {"comparison": f"{A}~{C if row['comparison'] == 'a~c' else B}"} for row in small[name]]
    for row in found["scores"]:
        row |= {"reason": TEXTS["image"]} if row["value"] is None else {"null_kind": TEXTS["markdown link"]}
    _concepts(found)
    for name, rows in found.items():
        rows.sort(key=lambda row, order=BY_NAME[name].order: [row[column] for column in order])
    return found


def write(folder: Path) -> Path:
    return build.write(folder, tables())


def _run_file() -> str:
    return (
        f'[corpus]\nsource = "huggingface"\ndataset = "![x](http://{ELSEWHERE}/run.png)"\n# \u202e{TEXTS["script"]}\n'
    )


def _tokens(model: str) -> build.Rows:
    rows: build.Rows = []
    for k, text in enumerate(ALL):
        end = 0
        for position, token in enumerate(cut(model, text)):
            begin, end = end, end + (len(token) if position else 0)
            rows.append({
                "model": model, "token_index": len(rows), "passage_id": k, "position": position, "token_id": None,
                "text": token, "char_start": begin, "char_end": end, "is_special": position == 0,
            })  # fmt: skip
    return rows


def _units(found: dict[str, build.Rows]) -> None:
    for k in range(N):
        for step, (a, b, n) in enumerate(((1, 1, 1), (2, 2, 2), (3, 4, 1))):
            found["units"].append({
                "alignment": "m1~m2", "unit": 3 * k + step, "passage_id": k,
                "token_a": 4 * k + a, "n_tokens_a": 1, "token_b": 5 * k + b, "n_tokens_b": n,
            })  # fmt: skip


def _space(found: dict[str, build.Rows], space: str, model: str, like: dict[str, Any]) -> None:
    hook = TEXTS["attribute"]
    names = {"space": space, "model": model, "hook": hook, "source": TEXTS["script"], "neuronpedia_id": hook}
    found["spaces"].append(like | names | {"n_features": N, "n_alive": N})
    length = len(cut(model, "x"))
    for k, text in enumerate(ALL):
        here = {"space": space, "feature": k}
        # Beside its text a's features fire after it and b's before it, so that each group of a pair has a unit.
        fires = {2: 2.0, **({3: 0.5} if space == A else {1: 0.25} if space == B else {3: 1.0})}
        found["activations"] += [here | {"token_index": length * k + i, "activation": x} for i, x in fires.items()]
        trivial = k % 2 == 0
        own, other = (seen(model, ALL[i % N]) for i in (k, k + 1))
        found["features"].append({
            **here, "n_active": 100, "firing_rate": 0.01, "max_activation": 2.0, "mean_activation": 1.0,
            "top_token": own, "top_token_share": 0.9 if trivial else 0.4, "token_entropy_bits": 1.0,
            "special_share": 0.0, "decoder_norm": 1.0, "label": text,
        })  # fmt: skip
        found["histograms"].append(here | {"bin": 0, "lower": 0.0, "upper": 2.0, "count": 100})
        for rank, (token, share) in enumerate(((own, 0.5), (other, 0.3), ("left", 0.2)), start=1):
            found["feature_tokens"].append(here | {"rank": rank, "token": token, "mass_share": share, "n_active": 9})
        for side, value in (("promoted", 1.5), ("suppressed", -1.5)):
            tokens = (text, ALL[(k + 1) % N])
            found["logits"] += [
                here | {"side": side, "rank": i + 1, "token": token, "value": value} for i, token in enumerate(tokens)
            ]
        for stratum in ("top", "q1", "q2", "q3", "q4", "q5", "random"):
            where = {"stratum": stratum, "rank": 1, "token_index": length * k + 2, "passage_id": k}
            found["examples"].append(here | where | {"activation": 2.0})
        for by in ("activation", "decoder_cosine"):
            near = ((k + 1) % N, (k + 2) % N)
            found["neighbours"] += [
                here | {"by": by, "rank": i + 1, "neighbour": one, "value": 0.5} for i, one in enumerate(near)
            ]
        found["maps"] += [
            here | {"method": method, "x": float(k % 7), "y": float(k // 7)} for method in ("pca", "umap")
        ]
        found["clusters"].append(here | {"cluster": k % 3})


def _match(comparison: str, k: int) -> dict[str, Any]:
    trivial = k % 2 == 0
    evidence = {"pearson": 0.9, "pearson_token": 0.8 if trivial else 0.1, "pearson_context": 0.1 if trivial else 0.8}
    near = {"neighbour_overlap": 1.0, "neighbour_rbo": 1.0}
    return build.match(comparison, k, k, n_both=20, jaccard=0.5, margin=0.25, q_value=0.001, **evidence, **near)


def _concepts(found: dict[str, build.Rows]) -> None:
    words = dict.fromkeys(ALL)
    found["concepts"] = [
        {"concept": "hostile", "keyword": word, "n_found": 3 if k % 3 else 0} for k, word in enumerate(words)
    ]
    found["concept_features"] = [
        {"concept": "hostile", "space": space, "feature": k, "mass_share": 0.5, "n_active": 9}
        for space in SPACES
        for k in range(N)
    ]
