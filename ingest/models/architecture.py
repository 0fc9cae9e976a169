"""What a model's configuration says about its network, before any weight is read."""

from typing import Any

import torch

ACTIVATIONS = ("act", "act_fn", "activation", "activation_fn", "activation_function", "intermediate_act_fn")
"""What models call the activation function of their MLP."""


def is_causal(config: Any) -> bool:
    """Whether the checkpoint is a causal language model: each position sees those before it, and there is a head."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    )

    head = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(config.model_type)
    if head is None or getattr(config, "is_encoder_decoder", False):
        return False
    if config.architectures:
        return head in config.architectures
    return config.model_type not in MODEL_FOR_MASKED_LM_MAPPING_NAMES


def n_parameters(config: Any, kind: Any) -> int:
    """Weights of a network of the class `kind`, shared ones once; makes none of them."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in kind(config).parameters())


def is_rectifier(name: str, module: Any) -> bool:
    """Whether a module is an activation function, by its class or its name, that is near 0 below 0 (so not tanh)."""
    kind = type(module)
    own = name.rpartition(".")[2]
    by_class = kind.__module__ in ("torch.nn.modules.activation", "transformers.activations")
    if not (by_class or own in ACTIVATIONS) or any(True for _ in module.parameters()):
        return False
    try:
        low, high = module(torch.tensor([[[-20.0, 20.0]]])).flatten().tolist()
    except (TypeError, ValueError, RuntimeError):  # an attention module, or one that is more than a function
        return False
    return abs(low) < 0.1 * high
