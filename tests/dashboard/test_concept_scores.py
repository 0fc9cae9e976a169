"""The score of a concept on the Concepts page: which one stands for it, and what stands there when there is none."""

from pathlib import Path

import pytest

from dashboard import links, score_links
from dashboard.score_links import ScoresView
from store.score_records import Score
from tests.dashboard.test_pages import page, said
from tests.store import build

SCORE = {
    **dict.fromkeys(Score.__dataclass_fields__),
    "metric": "cka_debiased",
    "parameters": "",
    "level": "activations",
    "n_permutations": 0,
    "n_rows": 60,
    "n_columns_a": 6,
    "n_columns_b": 6,
    "higher_is_similar": True,
}
TESTED = {"null_kind": "the pairing of rows permuted", "null_mean": 0.01, "null_sd": 0.1, "null_q95": 0.2}
TESTED |= {"p_value": 0.01, "q_value": 0.01, "n_permutations": 99}
SHOWN = ScoresView("cka_debiased", None, "decoder", "concept:letters", "a~c")
WHY = "3 pairs are too few to compare; 5 are needed"


def store(folder: Path, *scores: dict[str, object]) -> Path:
    rows = build.tables()
    rows["concepts"] = [{"concept": name, "keyword": name, "n_found": 3} for name in ("digits", "letters", "none")]
    rows["concept_features"] = [
        {"concept": name, "space": "a", "feature": 0, "mass_share": 0.75, "n_active": 2}
        for name in ("digits", "letters")
    ]
    rows["scores"] = sorted(
        (SCORE | one for one in scores), key=lambda row: [row[n] for n in build.BY_NAME["scores"].key]
    )
    rows["score_nulls"] = []
    return build.write(folder, rows)


def test_the_score_of_two_models_stands_for_a_concept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """a~b is one model's; a~c has two values, of which the one on decoder rows is shown; `digits` has only a reason."""
    letters, digits = {"subset": "concept:letters"}, {"subset": "concept:digits"}
    where = store(
        tmp_path,
        {"comparison": "a~b", **letters, "value": 0.93, **TESTED},
        {"comparison": "a~c", **letters, "value": 0.72, **TESTED},
        {"comparison": "a~c", **letters, "value": 0.31, **TESTED, "level": "decoder"},
        {"comparison": "a~c", **digits, "reason": "3 pairs are too few to compare; 20 are needed", "level": "decoder"},
        {"comparison": "a~c", **digits, "reason": WHY},
        {"comparison": "a~c", "subset": "concept:none", "reason": "0 pairs are too few to compare; 5 are needed"},
    )
    text = said(page(where, monkeypatch, "concepts"))
    assert "<b>.31</b>" in text
    assert "chance .010" in text
    target = links.href("scores", score_links.scores_query("", SHOWN)).partition("&")[2]
    assert target.replace("&", "&amp;") in text
    assert ".72" not in text
    assert ".93" not in text
    assert WHY in text
    assert "20 are needed" not in text
    # A concept without any feature says so once.
    assert "0 pairs are too few" not in text


def test_a_store_without_such_scores_has_no_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(store(tmp_path), monkeypatch, "concepts"))
    assert "concept=letters" in text
    assert "cka_debiased" not in text
