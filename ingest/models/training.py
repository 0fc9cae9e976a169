"""Training sparse autoencoders with SAELens's own trainer."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from ingest.models import libraries as libraries


@dataclass(frozen=True)
class SAETraining:
    """How an SAE is trained: BatchTopK (Bussmann et al. 2024), which SAELens saves as JumpReLU."""

    hook: str
    model: str
    d_sae: int
    k: float
    """Active features a token, on average over a batch."""
    samples: int
    """Activations seen."""
    batch: int = 1024
    lr: float = 1e-3
    seed: int = 0


def train_sae(training: SAETraining, batches: Iterator[Float[Tensor, "sample d"]], folder: Path) -> None:
    """Train with SAELens's own trainer on endless batches of activations; write its inference format to `folder`."""
    from sae_lens import BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig, SAETrainer
    from sae_lens.config import SAETrainerConfig

    torch.manual_seed(training.seed)
    first = next(batches)
    config = BatchTopKTrainingSAEConfig(
        d_in=first.shape[1], d_sae=training.d_sae, k=training.k, normalize_activations="expected_average_only_in"
    )
    config.metadata.hook_name, config.metadata.model_name = training.hook, training.model
    config.metadata.prepend_bos = True
    steps = training.samples // training.batch
    trainer = SAETrainerConfig(
        total_training_samples=training.samples,
        train_batch_size_samples=training.batch,
        lr=training.lr,
        lr_end=training.lr / 20,
        lr_warm_up_steps=steps // 20,
        lr_decay_steps=steps // 3,
        n_batches_for_norm_estimate=20,
        dead_feature_window=200,
    )
    sae = SAETrainer(trainer, BatchTopKTrainingSAE(config), batches).fit()
    sae.save_inference_model(folder)
