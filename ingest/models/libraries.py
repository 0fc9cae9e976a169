"""What has to be set before torch, transformer_lens, sae_lens or transformers are imported, and once they are."""

import os
import warnings

os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
os.environ.setdefault("WANDB_MODE", "disabled")
warnings.filterwarnings("ignore", message=".*HookedTransformer.*", category=DeprecationWarning)


def quiet() -> None:
    """No bars and reports of transformers about what it loads: what matters in them is an error of ours."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
