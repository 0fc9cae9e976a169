"""What `sae-dashboard` makes of some features of an SAE; runs in the environment of its own that `sae_dashboard_env` builds.

`python sae_dashboard_driver.py MODEL SAE OUT --tokens TOKENS --features N --bos ID` prints one line of JSON. MODEL is a
demo checkpoint (config.json, model.safetensors), SAE a folder of SAELens, TOKENS an int64 .npy of shape (passage,
position). It writes what it found to OUT. Imports and loading are not timed; nothing here imports this project.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

os.environ |= {"HF_HUB_OFFLINE": "1", "WANDB_MODE": "disabled", "TQDM_DISABLE": "1"}

BUFFERS = ("mask", "IGNORE")


def load(model: Path, sae: Path, hook: str | None, device: str) -> tuple[Any, Any, str]:
    """The model, the SAE and its hook. The gain of the final norm is folded into the unembedding, as both need it."""
    from sae_lens import SAE, HookedSAETransformer
    from safetensors.torch import load_file
    from transformer_lens import HookedTransformerConfig

    network = HookedSAETransformer(HookedTransformerConfig(**json.loads((model / "config.json").read_text())))
    state = {key: value.float() for key, value in load_file(model / "model.safetensors").items()}
    buffers = {key: value for key, value in network.state_dict().items() if key.endswith(BUFFERS)}
    network.load_and_process_state_dict(
        state | buffers, fold_ln=True, center_writing_weights=False, center_unembed=True, fold_value_biases=False
    )
    encoder = SAE.load_from_disk(sae, device=device).eval().requires_grad_(False)
    return network.to(device).eval().requires_grad_(False), encoder, hook or encoder.cfg.metadata.hook_name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("model", "sae", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--tokens", type=Path, required=True)
    parser.add_argument("--features", type=int, required=True, help="how many, spread evenly over all of the SAE's")
    parser.add_argument("--bos", type=int, required=True, help="token id that is masked")
    parser.add_argument("--hook", default=None)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--device", default="cpu")
    asked = parser.parse_args()
    import numpy as np
    import torch

    if asked.threads:
        torch.set_num_threads(asked.threads)
    model, encoder, hook = load(asked.model, asked.sae, asked.hook, asked.device)
    tokens = torch.from_numpy(np.load(asked.tokens))
    step = max(1, encoder.cfg.d_sae // asked.features)
    features = list(range(0, encoder.cfg.d_sae, step))[: asked.features]
    data, figures = timed(model, encoder, hook, tokens, features, asked.bos, asked.device)
    asked.out.write_text(json.dumps({str(f): row(data.feature_data_dict[f]) for f in features}))
    print(json.dumps(figures | {"features": len(features), "peak": peak()}))


def timed(
    model: Any, encoder: Any, hook: str, tokens: Any, features: list[int], bos: int, device: str
) -> tuple[Any, dict[str, float]]:
    """Its own run with its own settings, but for the masked token; seconds in all, and those of `get_feature_data`.

    The features of one of its batches are taken, 256 as it comes, or fewer: each batch has forward passes of its own.
    """
    from sae_dashboard.feature_data_generator import FeatureDataGenerator
    from sae_dashboard.sae_vis_data import SaeVisConfig
    from sae_dashboard.sae_vis_runner import SaeVisRunner

    whole, forward = FeatureDataGenerator.get_feature_data, 0.0

    def watched(*arguments: Any, **named: Any) -> Any:
        nonlocal forward
        began = time.perf_counter()
        found = whole(*arguments, **named)
        forward += time.perf_counter() - began
        return found

    FeatureDataGenerator.get_feature_data = watched
    config = SaeVisConfig(hook_point=hook, features=features, ignore_tokens={bos}, device=device)
    began = time.perf_counter()
    data = SaeVisRunner(config).run(encoder=encoder, model=model, tokens=tokens.to(device))
    return data, {"seconds": time.perf_counter() - began, "forward": forward}


def row(found: Any) -> dict[str, Any]:
    """Its top examples as (passage, position, activation), its firings, and its promoted and suppressed token ids."""
    top = found.sequence_data.seq_group_data[0].seq_data
    middle = 5  # its excerpts begin five tokens before the one that they show
    logits = found.logits_table_data
    return {
        "top": [(s.original_index, s.qualifying_token_index, s.feat_acts[middle]) for s in top],
        "fired": sum(found.acts_histogram_data.bar_heights),
        "promoted": [int(i) for i in logits.top_token_ids],
        "suppressed": [int(i) for i in logits.bottom_token_ids],
    }


def peak() -> float:
    """Peak memory of this process in GB, as the benchmark reads its own."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e9
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e9


if __name__ == "__main__":
    main()
