"""What a trained SAE is worth, measured on passages that it was not trained on."""

from dataclasses import asdict, dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ingest.models import Dictionary, Network
from ingest.progress import step
from ingest.training.text import Text

LOGIT_BATCH = 8
"""Passages whose logits are held at once: 8 x 128 tokens x 50,000 entries of a vocabulary are 0.2 GB."""
ROWS = 512
"""Tokens encoded at once."""


@dataclass(frozen=True)
class CrossEntropy:
    """In nats a token, over every ordinary token but a passage's first where nothing stands before it."""

    tokens: int
    """Tokens predicted."""
    clean: float
    """The model's own."""
    with_sae: float
    """With the hook's activations at ordinary tokens replaced by the SAE's reconstruction."""
    zero_ablation: float
    """With them replaced by 0."""

    @property
    def recovered(self) -> float | None:
        """Share of what zero ablation costs that the reconstruction saves, 1 at most in theory; None where ablation
        costs nothing, so that there is nothing to recover."""
        cost = self.zero_ablation - self.clean
        return (self.zero_ablation - self.with_sae) / cost if cost > 0 else None


@dataclass(frozen=True)
class Report:
    passages: int
    tokens: int
    """Ordinary tokens of these passages, none of which was trained on."""
    width: int
    l0: float
    """Active features a token, on average."""
    variance_explained: float | None
    """1 - residual / total variance; None where there is no variance."""
    dead_features: int
    """Features that fire on none of these tokens. Fewer tokens, more of them."""
    cross_entropy: CrossEntropy | None
    """None where it cannot be measured."""
    reason: str | None
    """Why not."""

    def values(self, facts: dict[str, object]) -> dict[str, object]:
        """What `report.json` holds: `facts`, then these fields."""
        return facts | asdict(self) | {"cross_entropy_recovered": self.cross_entropy and self.cross_entropy.recovered}


def lines(report: dict[str, object]) -> list[str]:
    """The values of a `report.json` as a short table."""
    entropy = report["cross_entropy"]
    rows = [
        ("measured on", f"{report['tokens']:,} tokens of {report['passages']:,} passages never trained on"),
        ("L0", f"{report['l0']:.2f} active features a token"),
        ("variance explained", _share(report["variance_explained"])),
        ("dead features", f"{report['dead_features']:,} of {report['width']:,}"),
        ("cross-entropy recovered", _share(report["cross_entropy_recovered"])),
    ]
    if isinstance(entropy, dict):
        rows.append(
            (
                "cross-entropy, nats",
                "{clean:.4f} clean, {with_sae:.4f} with the SAE, {zero_ablation:.4f} with zeros".format(**entropy),
            )
        )
    else:
        rows.append(("", f"because {report['reason']}"))
    return [f"{name:<24} {value}" for name, value in rows]


def _share(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "not measured"


def measure(dictionary: Dictionary, network: Network, text: Text, tokens: int) -> Report:
    """The report on the held-out passages, as many as hold `tokens` ordinary tokens. Holds one batch of logits."""
    held_out = np.flatnonzero(text.held_out)
    passages = held_out[: int(np.searchsorted(np.cumsum(text.counts[held_out]), tokens)) + 1]
    n = int(text.counts[passages].sum())
    with step("report: reconstruction", n, "tokens") as advance:
        sums = _Sums(dictionary)
        for ids, real, ordinary in text.batches(passages):
            sums.add(network.read(ids, real, [dictionary.hook])[dictionary.hook], ordinary)
            advance(int(ordinary.sum()))
    entropy, reason = cross_entropy(dictionary, network, text, passages), None
    if entropy is None:
        reason = "the model, as it is loaded, predicts no next token"
    elif entropy.recovered is None:
        reason = "zeros at this hook cost nothing"
    return Report(len(passages), n, dictionary.n_features, sums.l0, sums.variance_explained, sums.dead, entropy, reason)


class _Sums:
    """Counts and sums of squares of a reconstruction, in float64."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self.fired = torch.zeros(dictionary.n_features, dtype=torch.bool)
        self.sums = torch.zeros(dictionary.d_in, dtype=torch.float64)
        self.n, self.active, self.squares, self.residual = 0, 0, 0.0, 0.0

    @torch.inference_mode()
    def add(self, x: Float[Tensor, "passage position d"], ordinary: Bool[Tensor, "passage position"]) -> None:
        for part in x[ordinary.to(x.device)].split(ROWS):
            features = self.dictionary.encode(part)
            rebuilt, part = self.dictionary.decode(features).double().cpu(), part.double().cpu()
            self.fired |= (features > 0).any(0).cpu()
            self.n += len(part)
            self.active += int((features > 0).sum())
            self.sums += part.sum(0)
            self.squares += float(part.square().sum())
            self.residual += float((part - rebuilt).square().sum())

    @property
    def l0(self) -> float:
        return self.active / self.n

    @property
    def variance_explained(self) -> float | None:
        total = self.squares - float(self.sums @ self.sums) / self.n
        return 1 - self.residual / total if total > 0 else None

    @property
    def dead(self) -> int:
        return int((~self.fired).sum())


@torch.inference_mode()
def cross_entropy(dictionary: Dictionary, network: Network, text: Text, passages: np.ndarray) -> CrossEntropy | None:
    """Three forward passes; special tokens keep their activations. None where the network predicts no next token."""
    totals, n = np.zeros(3), 0
    with step("report: cross-entropy", int(text.counts[passages].sum()), "tokens") as advance:
        for ids, real, ordinary in text.batches(passages, LOGIT_BATCH):

            def rebuilt(x: Tensor, kept: Tensor = ordinary) -> Tensor:
                return _filled(x, kept, dictionary.decode(dictionary.encode(x[kept.to(x.device)])))

            def ablated(x: Tensor, kept: Tensor = ordinary) -> Tensor:
                return _filled(x, kept, torch.zeros_like(x[kept.to(x.device)]))

            for i, replace in enumerate((None, rebuilt, ablated)):
                losses = network.losses(ids, real, dictionary.hook, replace)
                if losses is None:
                    return None
                totals[i] += float(losses[ordinary[:, 1:].to(losses.device)].double().sum())
            n += int(ordinary[:, 1:].sum())
            advance(int(ordinary.sum()))
    return CrossEntropy(n, *(totals / n).tolist()) if n else None


def _filled(x: Tensor, kept: Tensor, values: Tensor) -> Tensor:
    """`x` with the rows that are `kept` replaced."""
    x = x.clone()
    x[kept.to(x.device)] = values.to(x.dtype)
    return x
