"""Training an SAE, in order: read the model and the text, train, measure, publish."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ingest import corpus, models
from ingest.config import SaeSpec
from ingest.errors import IngestError
from ingest.models import Model, SAETraining
from ingest.progress import log, logging_to
from ingest.training import report, text
from ingest.training.config import TrainJob
from ingest.training.folder import CFG, LOG, REPORT, Folder
from ingest.training.text import Stream, Text
from ingest.workspace import digest


def train(job: TrainJob, out: Path) -> tuple[dict[str, Any], bool]:
    """Train into the folder `out`; returns its report, and whether it was finished already.

    Interrupted, the same command goes on from the last checkpoint. Raises `IngestError` for input that cannot be used,
    and for a folder that holds anything else or was made from other inputs.
    """
    folder, inputs = Folder(out), _written(job)
    folder.check(inputs)
    with logging_to(out / LOG) as begin:
        model = models.load(job.model)
        training = _training(job, model)
        passages = corpus.read(job.corpus, model.tokenizer)
        held = text.read(model, passages, job.report.held_out)
        inputs |= {"model.weights": model.weights, "model.vocabulary": model.vocabulary}
        inputs |= {"corpus.text": digest(passages["text"].to_pylist())}
        folder.check(inputs)
        if folder.is_finished:
            return folder.report(), True
        _check_length(job, held)
        begin()  # the input is accepted: from here on files are written
        folder.begin(inputs)
        assert model.network is not None
        stream = Stream(model.network, job.sae.hook, held, training.batch, job.training.buffer, training.seed)
        models.train_sae(_placed(training, job, model, held), stream, folder.made, folder.states)
        _measure(job, model, held, folder.made)
        folder.finish()
        log.info("trained %s at %s of %s", job.sae.architecture, job.sae.hook, job.model.load)
    return folder.report(), False


def _measure(job: TrainJob, model: Model, held: Text, made: Path) -> None:
    """Load the SAE as a run would, write its report, and in its `cfg.json` how many features are active at a token."""
    assert model.network is not None
    name = job.model.name
    spec = SaeSpec.model_validate({"name": name, "model": name, "kind": "sae", "path": made})
    found = report.measure(models.load_sae(spec, model), model.network, held, job.report.tokens)
    config = json.loads((made / CFG).read_text(encoding="utf-8"))
    config["metadata"]["l0"] = found.l0  # as it is saved, on held-out text: what a random SAE like it keeps
    (made / CFG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    facts = {"model": model.load, "hook": job.sae.hook, "architecture": job.sae.architecture}
    values = found.values(facts | {"samples": job.sae.samples})
    (made / REPORT).write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def _written(job: TrainJob) -> dict[str, Any]:
    """What the training file says of the result, key by key; where the text lies and how often it is saved do not."""
    tables = job.model_dump(mode="json", exclude={"corpus": {"path"}, "training": {"checkpoints"}})
    return {f"{name}.{key}": value for name, table in tables.items() for key, value in table.items()}


def _training(job: TrainJob, model: Model) -> SAETraining:
    """The job in SAELens's terms. Raises `IngestError` where it does not fit the model."""
    network, sae, how = model.network, job.sae, job.training
    if network is None:
        raise IngestError(f"model {model.name!r} is only tokens; an SAE is trained on a model that can be run")
    if sae.hook not in network.hooks:
        raise IngestError(f"sae.hook: {models.no_hook(model.name, sae.hook, network.hooks)}")
    d_in = network.width(sae.hook)
    width = sae.width or round(d_in * (sae.expansion or 0))
    if width < (sae.k or 1):
        raise IngestError(
            f"sae.k is {sae.k or 1:g}, but the SAE has {width} features; give a smaller k or a greater width"
        )
    steps = -(-sae.samples // how.batch)
    return SAETraining(
        architecture=sae.architecture.replace("-", "_"),
        d_in=d_in,
        d_sae=width,
        samples=sae.samples,
        options=_options(job, width, round(steps * how.warm_up)),
        metadata={},
        batch=how.batch,
        lr=how.lr,
        warm_up=round(steps * how.warm_up),
        decay=round(steps * how.decay),
        dead_after=how.dead_after,
        seed=how.seed,
        checkpoints=tuple(round(sae.samples * (i + 1) / how.checkpoints) for i in range(how.checkpoints)),
    )


def _options(job: TrainJob, width: int, warm_up: int) -> dict[str, Any]:
    """The fields of SAELens's configuration that set the sparsity. Raises `IngestError` for impossible widths."""
    sae = job.sae
    if sae.k is None and sae.l0_coefficient is None:
        return {"l1_coefficient": sae.l1_coefficient, "l1_warm_up_steps": warm_up}
    if sae.k is None:
        return {"l0_coefficient": sae.l0_coefficient, "l0_warm_up_steps": warm_up}
    if sae.architecture == "topk":
        return {"k": int(sae.k)}
    if sae.architecture == "batchtopk":
        return {"k": sae.k}
    nested = [n for n in sae.nested or (width // 8, width // 4, width // 2) if n != width]
    if nested != sorted(set(nested)) or not nested or not 0 < nested[0] <= nested[-1] < width:
        raise IngestError(f"sae.nested has to ascend from 1 or more to less than the width, {width}; got {nested}")
    return {"k": sae.k, "matryoshka_widths": [*nested, width]}


def _placed(training: SAETraining, job: TrainJob, model: Model, held: Text) -> SAETraining:
    """On the device that the activations come from, and with what the SAE's `cfg.json` says of the model."""
    assert model.network is not None
    ids = torch.from_numpy(held.ids[None, : held.ends[1]]).long()
    x = model.network.read(ids, torch.ones_like(ids, dtype=torch.bool), [job.sae.hook])[job.sae.hook]
    context = max(job.corpus.context_tokens, held.longest)
    metadata = {
        "model_name": model.load.partition(":")[2],
        "hook_name": job.sae.hook,
        "prepend_bos": bool(model.prefix),
        "context_size": min(context, model.context or context),
    }
    return replace(training, metadata=metadata, device=str(x.device))


def _check_length(job: TrainJob, held: Text) -> None:
    """Raises `IngestError` where there is too little text to take a step, or nothing to measure on."""
    kept = int(held.counts[held.held_out].sum())
    trained_on = int(held.counts.sum()) - kept
    if trained_on < job.training.batch or not kept:
        raise IngestError(
            f"corpus: too short, with {trained_on:,} tokens to train on and {kept:,} held out; training takes at least "
            f"a batch of {job.training.batch:,}, and the report at least 1: give more text (corpus.tokens), or change "
            "training.batch or report.held_out"
        )
