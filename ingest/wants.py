"""What the dictionaries of a run want of its models and of its text: read from their configurations, before anything is
loaded, and held against the run file.
"""

from collections.abc import Mapping

from ingest import models
from ingest.config import DictionaryBase, Job, ModelSpec
from ingest.errors import IngestError
from ingest.models import Wanted
from ingest.progress import warn


def of(job: Job) -> dict[str, dict[str, bool]]:
    """Model -> what its dictionaries want of it: `prepend_bos`, where they say, and the weight processing they had.

    Raises `IngestError` where two of them want different things, or contexts are longer than an SAE was trained on.
    """
    specs = [spec for spec in job.spaces if isinstance(spec, DictionaryBase)]
    wanted = {spec.name: models.wanted_of(spec) for spec in specs}
    found = {}
    for model in job.models:
        mine = {spec.name: wanted[spec.name] for spec in specs if spec.model == model.name}
        for name, one in mine.items():
            models.check_context(name, one, job.corpus.context_tokens)
            _compare(name, one, model)
        found[model.name] = models.agreed(model.name, mine)
    return found


def check_lengths(job: Job, contexts: Mapping[str, int | None]) -> None:
    """Raises `IngestError` where passages are longer than a model reads: model -> tokens, None without a limit."""
    for name, context in contexts.items():
        if context is not None and job.corpus.context_tokens > context:
            raise IngestError(
                f"model {name!r} reads at most {context} tokens, and corpus.context_tokens is "
                f"{job.corpus.context_tokens}; give context_tokens = {context} or less"
            )


def _compare(space: str, wanted: Wanted, model: ModelSpec) -> None:
    """Warns where a dictionary is read from another model than it was trained on, or framed in another way."""
    if wanted.model_name is not None and not models.same_model(wanted.model_name, model.load):
        warn(
            f"space {space!r}: the SAE was trained on {wanted.model_name}, and model {model.name!r} is {model.load}; "
            "check variance explained before trusting a feature"
        )
    framed = model.prepend_bos
    if None not in (framed, wanted.prepend_bos) and framed != wanted.prepend_bos:
        warn(
            f"space {space!r}: the SAE was trained with prepend_bos = {str(wanted.prepend_bos).lower()}, and model "
            f"{model.name!r} is read with prepend_bos = {str(framed).lower()}"
        )
