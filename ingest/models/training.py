"""Training sparse autoencoders with SAELens's own trainer: its SAE classes, losses, optimiser and schedules."""

import math
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from torch import Tensor

from ingest.errors import IngestError
from ingest.models import libraries as libraries
from ingest.progress import step

NORM_BATCHES = 20
"""Batches, the first ones, whose mean norm the activations are scaled by."""
UNFINISHED = "unfinished"
"""Where a checkpoint is written before it is renamed."""

Batches = Callable[[int], Iterator[Float[Tensor, "sample d"]]]
"""Endless batches of activations, from the one of that number on."""


@dataclass(frozen=True)
class SAETraining:
    """How an SAE is trained. Its activations are scaled to a mean norm of sqrt(d_in), which is folded into its weights
    at the end."""

    architecture: str
    """SAELens's name of a training SAE, such as `batchtopk` (Bussmann et al. 2024), which it saves as JumpReLU."""
    d_in: int
    d_sae: int
    samples: int
    """Activations seen."""
    options: dict[str, Any]
    """Fields of SAELens's configuration of that architecture, such as `k`."""
    metadata: dict[str, Any]
    """What its `cfg.json` says of the model: hook_name, model_name, prepend_bos, ..."""
    batch: int = 1024
    lr: float = 1e-3
    warm_up: int = 0
    """Steps over which the learning rate rises from 0."""
    decay: int = 0
    """Steps, the last ones, over which it falls to 0."""
    dead_after: int = 200
    """Steps without firing after which a feature counts as dead."""
    seed: int = 0
    device: str = "cpu"
    checkpoints: tuple[int, ...] = field(default=())
    """Samples at which the state is written that an interrupted training goes on from."""


def new_trainer(training: SAETraining) -> Any:
    """SAELens's trainer of a new SAE; it has no data of its own, `train_sae` hands it every batch."""
    from sae_lens import SAETrainer
    from sae_lens.config import SAETrainerConfig
    from sae_lens.registry import get_sae_training_class

    torch.manual_seed(training.seed)
    sae_class, config_class = get_sae_training_class(training.architecture)
    config = config_class(
        d_in=training.d_in,
        d_sae=training.d_sae,
        device=training.device,
        normalize_activations="expected_average_only_in",
        **training.options,
    )
    for key, value in training.metadata.items():
        config.metadata[key] = value
    trainer = SAETrainerConfig(
        total_training_samples=training.samples,
        train_batch_size_samples=training.batch,
        lr=training.lr,
        lr_end=training.lr / 20,  # SAELens wants one; its constant schedule does not read it
        lr_warm_up_steps=training.warm_up,
        lr_decay_steps=training.decay,
        n_batches_for_norm_estimate=NORM_BATCHES,
        dead_feature_window=training.dead_after,
        device=training.device,
    )
    return SAETrainer(trainer, sae_class(config), iter(()))


def train_sae(training: SAETraining, batches: Batches, folder: Path, states: Path | None = None) -> None:
    """Train, and write SAELens's inference format to `folder`.

    With `states`, a folder, it goes on from the newest checkpoint there, and writes those of `training.checkpoints`.
    Weights, Adam's moments, schedules and counters are in it, and a batch is a function of its number: on the CPU of
    one machine, a training that was killed ends with the weights of one that was not, bit for bit.
    """
    trainer = new_trainer(training)
    if states is not None and (newest := _newest(states)) is not None:
        _restore(trainer, newest)
        stream = batches(NORM_BATCHES + trainer.n_training_steps)
    else:
        stream = batches(0)
        trainer.activation_scaler.scaling_factor = _scale(training.d_in, stream)
    due = [n for n in training.checkpoints if n > trainer.n_training_samples]
    with step("training", max(0, training.samples - trainer.n_training_samples), "samples") as advance:
        while trainer.n_training_samples < training.samples:
            trainer.maybe_reset_sparsity()
            trainer.step(next(stream))
            trainer.n_training_steps += 1
            advance(training.batch)
            if states is not None and due and trainer.n_training_samples >= due[0]:
                _save(trainer, states)
                due = [n for n in due if n > trainer.n_training_samples]
    trainer.sae.fold_activation_norm_scaling_factor(trainer.activation_scaler.scaling_factor)
    trainer.set_final_sae_metadata()
    trainer.sae.save_inference_model(folder)


def _scale(d_in: int, stream: Iterator[Float[Tensor, "sample d"]]) -> float:
    """What brings the mean norm of the first batches to sqrt(d_in) (Anthropic, April 2024 update)."""
    norms = [x.norm(dim=-1) for _, x in zip(range(NORM_BATCHES), stream, strict=False)]
    return math.sqrt(d_in) / (sum(float(n.sum()) for n in norms) / sum(n.numel() for n in norms))


def _newest(states: Path) -> Path | None:
    """The checkpoint of the most samples; None where there is none."""
    found = [p for p in states.glob("*") if p.name.isdigit()]
    return max(found, key=lambda p: int(p.name), default=None)


def _restore(trainer: Any, state: Path) -> None:
    """Raises `IngestError` for a checkpoint that is damaged."""
    try:
        trainer.sae.load_weights_from_checkpoint(state)
        trainer.load_trainer_state(state)
    except (OSError, ValueError, KeyError, RuntimeError, EOFError, pickle.UnpicklingError, SafetensorError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise IngestError(f"checkpoint {state} is damaged ({line}); delete it and run the same command again") from None


def _save(trainer: Any, states: Path) -> None:
    """Write a checkpoint beside, flush it to disk, rename it, delete the one before."""
    before = [p for p in states.glob("*") if p.name.isdigit()]
    try:
        shutil.rmtree(states / UNFINISHED, ignore_errors=True)
        trainer.save_checkpoint(UNFINISHED, base_path=states)
        for path in (states / UNFINISHED).iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        (states / UNFINISHED).rename(states / str(trainer.n_training_samples))
    except (OSError, RuntimeError, SafetensorError) as error:  # torch and safetensors hide a full disk in their own
        shutil.rmtree(states / UNFINISHED, ignore_errors=True)
        line = str(error).splitlines()[0]
        raise IngestError(f"{states} could not be written ({line}); make room and run the same command again") from None
    for path in before:
        shutil.rmtree(path)
