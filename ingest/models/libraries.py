"""What has to be set before torch, transformer_lens, sae_lens or transformers are imported."""

import os
import warnings

os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
os.environ.setdefault("WANDB_MODE", "disabled")
warnings.filterwarnings("ignore", message=".*HookedTransformer.*", category=DeprecationWarning)
