"""Small random models in Hugging Face's layout, saved by transformers itself: one that reads text, one that sees."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

__all__ = ["TEMPLATE", "save_text_model", "save_vision_model"]

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_LISTED = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% for part in m.content %}"
    "{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_WORDS = ["What is the height of the bar? Answer with a number: 3 7 12 40.", "The capital of France is Paris, été 🌟."]


def save_text_model(folder: Path, **config: Any) -> Path:
    """A Llama of two layers with random weights and a byte-level vocabulary."""
    import torch

    hf: Any = importlib.import_module("transformers")
    torch.manual_seed(7)
    tokenizer = _tokenizer(TEMPLATE)
    made = hf.LlamaConfig(**_sizes(tokenizer), **config)
    hf.LlamaForCausalLM(made).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_vision_model(folder: Path) -> Path:
    """A LLaVA of two layers, which sees squares of 28 pixels, with random weights."""
    import torch

    hf: Any = importlib.import_module("transformers")

    torch.manual_seed(7)
    tokenizer = _tokenizer(_LISTED)
    vision = hf.CLIPVisionConfig(
        hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=28, patch_size=14
    )
    made = hf.LlavaConfig(
        vision_config=vision,
        text_config=hf.LlamaConfig(**_sizes(tokenizer)),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    hf.LlavaForConditionalGeneration(made).save_pretrained(folder)
    processor = hf.LlavaProcessor(
        image_processor=hf.CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}),
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        chat_template=_LISTED,
        num_additional_image_tokens=1,
    )
    processor.save_pretrained(folder)
    return folder


def _sizes(tokenizer: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "initializer_range": 0.5,
    }


def _tokenizer(template: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    hf: Any = importlib.import_module("transformers")

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|begin|>", "<|im_start|>", "<|im_end|>", "<image>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(_WORDS, trainer)
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<|begin|>",
        eos_token="<|im_end|>",
        chat_template=template,
        additional_special_tokens=["<|im_start|>", "<image>"],
    )
