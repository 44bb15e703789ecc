"""SD 1.5 and SDXL checkpoints of random weights, with adapters: the real classes at a toy's shape, or at full size.

    python -m bench.gpu.random_sd FOLDER [sdxl|sd15]      (a toy, for trying what opens one: three mebibytes)

The adapter files have the layouts in which they are published: h94/IP-Adapter's Resampler and numbered attention
layers, and the kohya names of LCM's and Lightning's LoRAs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from engine import vocabulary
from engine.prompting import CLIP_AVOIDS, STYLE_WORDS

#: The shapes of the models' parts, as their repositories' config files give them.
UNETS: dict[str, dict[str, Any]] = {
    "sdxl": {"sample_size": 128, "block_out_channels": (320, 640, 1280), "layers_per_block": 2,
             "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
             "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
             "attention_head_dim": (5, 10, 20), "cross_attention_dim": 2048, "transformer_layers_per_block": (1, 2, 10),
             "use_linear_projection": True, "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
             "projection_class_embeddings_input_dim": 2816},
    "sd15": {"sample_size": 64, "block_out_channels": (320, 640, 1280, 1280), "layers_per_block": 2,
             "attention_head_dim": 8, "cross_attention_dim": 768}}
TOY_UNETS: dict[str, dict[str, Any]] = {
    "sdxl": {"sample_size": 32, "block_out_channels": (16, 32), "layers_per_block": 1, "norm_num_groups": 8,
             "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
             "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"), "attention_head_dim": (2, 4),
             "cross_attention_dim": 32, "transformer_layers_per_block": (1, 2), "use_linear_projection": True,
             "addition_embed_type": "text_time", "addition_time_embed_dim": 8,
             "projection_class_embeddings_input_dim": 8 * 6 + 16},
    "sd15": {"sample_size": 32, "block_out_channels": (16, 32), "layers_per_block": 1, "norm_num_groups": 8,
             "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
             "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"), "attention_head_dim": 4, "cross_attention_dim": 16}}
TEXT = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
        "projection_dim": 768}
TEXT_2 = {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 20,
          "projection_dim": 1280, "hidden_act": "gelu"}
TOY_TEXT = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2,
            "projection_dim": 16}
VAE = {"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2, "latent_channels": 4}
#: Two levels: a latent is 2 x 2 pixels.
TOY_VAE = {"block_out_channels": (8, 8), "layers_per_block": 1, "latent_channels": 4, "norm_num_groups": 4,
           "sample_size": 64, "mid_block_add_attention": False}
SCALING = {"sdxl": 0.13025, "sd15": 0.18215}
#: ViT-H, as OpenCLIP's LAION model has it and the IP-Adapters read it.
EYES = {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 16,
        "patch_size": 14, "image_size": 224, "projection_dim": 1024}
TOY_EYES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2,
            "patch_size": 8, "image_size": 32, "projection_dim": 16}
#: Widths within the adapters' resamplers.
RESAMPLERS = {"sdxl": 1280, "sd15": 768}
NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1,
         "timestep_spacing": "leading"}
#: How a toy wants to be run; the adapters' keys are added for those that are wanted.
TOY_RECIPE: dict[str, Any] = {"size_px": 64, "steps": 4, "guidance_scale": 1.0, "start_share": 0.75, "revision": "toy"}
LORA_RANK = 4


def prompt_words() -> list[str]:
    """Every word a prompt for CLIP may hold, but for names and sentences."""
    lists: tuple[Iterable[str], ...] = (
        vocabulary.KINDS, vocabulary.ACTIONS, vocabulary.MOODS, vocabulary.SETTINGS, vocabulary.TIMES,
        vocabulary.WEATHERS, vocabulary.PROPS, vocabulary.SHOTS, vocabulary.STYLES, vocabulary.SKINS,
        vocabulary.COLOURS, vocabulary.HAIRSTYLES, vocabulary.HEADWEAR, vocabulary.GLASSES, vocabulary.BEARDS,
        vocabulary.OUTFITS, vocabulary.PATTERNS, vocabulary.ACCESSORIES, STYLE_WORDS.values(), (
            "a and the who with in on of no nobody there left right middle skin hair freckles wheelchair shot empty "
            "scenery children ' s picture book illustration , . -", CLIP_AVOIDS), tuple("0123456789"))
    text = " ".join(entry for entries in lists for entry in entries)
    return sorted({word.strip(",.") or word for word in text.split()} | {",", "."})


def save_tokenizer(folder: Path, words: Iterable[str], *, max_length: int = 77) -> int:
    """A CLIP tokenizer with one token a word. Returns the size of its vocabulary."""
    from transformers import CLIPTokenizer

    vocabulary_of = {"<|startoftext|>": 0, "<|endoftext|>": 1}
    merges: list[tuple[str, str]] = []

    def add(token: str) -> None:
        vocabulary_of.setdefault(token, len(vocabulary_of))

    for letter in "abcdefghijklmnopqrstuvwxyz0123456789.,'-:":
        add(letter)
        add(letter + "</w>")
    for word in words:
        pieces = [*word[:-1], word[-1] + "</w>"]
        while len(pieces) > 1:             # one fixed chain of merges a word, from the left
            merge = (pieces[0], pieces[1])
            if merge not in merges:
                merges.append(merge)
            add(merge[0] + merge[1])
            pieces = [merge[0] + merge[1], *pieces[2:]]
    CLIPTokenizer(vocab=vocabulary_of, merges=merges, model_max_length=max_length).save_pretrained(folder)
    return len(vocabulary_of)


def save_stable_diffusion(folder: Path, family: str = "sdxl", *, toy: bool = True, seed: int = 0, device: str = "cpu",
                          lora: str = "", adapter: bool = True, tiny: bool = True,
                          recipe: dict[str, Any] | None = None) -> Path:
    """Build, seed and save a whole pipeline with its recipe (`recipe` over the toy's). Returns the folder.

    `lora`: "lightning" or "lcm", and the scheduler that goes with it. `adapter`: an IP-Adapter Plus with its eyes.
    `tiny`: a tiny decoder. Weights are made on `device` in the width they are kept in: float32 for a toy, else float16.
    """
    import diffusers

    xl = family == "sdxl"
    torch.manual_seed(seed)
    words = save_tokenizer(folder / "tokenizer", prompt_words())
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32 if toy else torch.float16)
    try:
        with torch.device(device):
            models = parts(family, toy=toy, words=words)
            extras: dict[str, Any] = {}
            if adapter:
                extras["eyes"] = eyes(toy=toy)
                extras["adapter"] = ip_adapter_weights(models["unet"], extras["eyes"].config.hidden_size,
                                                       16 * 4 if toy else RESAMPLERS[family])
            if tiny:
                extras["tiny"] = diffusers.AutoencoderTiny(**({
                    "encoder_block_out_channels": (8, 8), "decoder_block_out_channels": (8, 8),
                    "num_encoder_blocks": (0, 1), "num_decoder_blocks": (1, 0)} if toy else {}))
            if lora:
                extras["lora"] = lora_weights(models["unet"])
    finally:
        torch.set_default_dtype(before)
    scheduler = diffusers.EulerDiscreteScheduler(**NOISE) if xl else diffusers.PNDMScheduler(
        **NOISE, skip_prk_steps=True)
    if xl:
        diffusers.StableDiffusionXLPipeline(tokenizer=tokenizer, tokenizer_2=tokenizer, scheduler=scheduler,
                                            **models).save_pretrained(folder)
    else:
        diffusers.StableDiffusionPipeline(
            tokenizer=tokenizer, scheduler=scheduler, safety_checker=None, feature_extractor=None,
            requires_safety_checker=False, **models).save_pretrained(folder)
    said = dict(TOY_RECIPE if toy else {"revision": "random", "steps": 8, "guidance_scale": 1.0})
    said |= _save_extras(folder, family, extras, lora)
    (folder / "storythread.json").write_text(json.dumps(said | (recipe or {})), "utf-8")
    return folder


def parts(family: str, *, toy: bool, words: int) -> dict[str, Any]:
    """The models, on torch's default device (`torch.device("meta")` around it: shapes without weights)."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    vae = dict(TOY_VAE if toy else VAE, scaling_factor=SCALING[family], force_upcast=False)
    levels = len(vae["block_out_channels"])
    told = {"vocab_size": words if toy else 49_408, "max_position_embeddings": 77, "bos_token_id": 0, "eos_token_id": 1,
            "pad_token_id": 1}
    models = {
        "unet": UNet2DConditionModel(**(TOY_UNETS if toy else UNETS)[family]),
        "text_encoder": CLIPTextModel(CLIPTextConfig(**(TOY_TEXT if toy else TEXT), **told)),
        "vae": AutoencoderKL(**vae, down_block_types=("DownEncoderBlock2D",) * levels,
                             up_block_types=("UpDecoderBlock2D",) * levels)}
    if family == "sdxl":
        models["text_encoder_2"] = CLIPTextModelWithProjection(CLIPTextConfig(**(TOY_TEXT if toy else TEXT_2), **told))
    return models


def eyes(*, toy: bool) -> Any:
    """CLIP's eyes, which the adapters read."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    return CLIPVisionModelWithProjection(CLIPVisionConfig(**(TOY_EYES if toy else EYES)))


def ip_adapter_weights(unet: Any, seen: int, width: int, *, tokens: int = 16,
                       depth: int = 4) -> dict[str, torch.Tensor]:
    """An IP-Adapter Plus as h94/IP-Adapter publishes it, for a UNet and eyes of width `seen`: 64 channels a head."""
    cross = unet.config.cross_attention_dim
    shapes: dict[str, tuple[int, ...]] = {
        "latents": (1, tokens, width), "proj_in.weight": (width, seen), "proj_in.bias": (width,),
        "proj_out.weight": (cross, width), "proj_out.bias": (cross,), "norm_out.weight": (cross,),
        "norm_out.bias": (cross,)}
    for layer in range(depth):
        for norm in ("0.norm1", "0.norm2", "1.0"):
            shapes |= {f"layers.{layer}.{norm}.weight": (width,), f"layers.{layer}.{norm}.bias": (width,)}
        shapes |= {f"layers.{layer}.{linear}.weight": shape for linear, shape in (
            ("0.to_q", (width, width)), ("0.to_kv", (2 * width, width)), ("0.to_out", (width, width)),
            ("1.1", (4 * width, width)), ("1.3", (width, 4 * width)))}
    weights = {f"image_proj.{name}": _random(shape) for name, shape in shapes.items()}
    crossing = [name for name in unet.attn_processors if name.endswith("attn2.processor")]
    inner = {name: unet.get_submodule(name.removesuffix(".processor")).to_q.weight.shape[0] for name in crossing}
    # Layers are numbered among all attention layers, of which every other one looks at the words.
    for number, name in enumerate(crossing):
        for part in ("to_k_ip", "to_v_ip"):
            weights[f"ip_adapter.{2 * number + 1}.{part}.weight"] = _random((inner[name], cross))
    return weights


def lora_weights(unet: Any) -> dict[str, torch.Tensor]:
    """A LoRA on every attention of a UNet, by kohya's names: down, up and alpha."""
    weights = {}
    for name, layer in unet.named_modules():
        if name.endswith((".to_q", ".to_k", ".to_v", ".to_out.0")):
            key = f"lora_unet_{name.replace('.', '_')}"
            weights[f"{key}.lora_down.weight"] = _random((LORA_RANK, layer.in_features))
            weights[f"{key}.lora_up.weight"] = _random((layer.out_features, LORA_RANK))
            weights[f"{key}.alpha"] = torch.tensor(float(LORA_RANK))
    return weights


def _random(shape: tuple[int, ...]) -> torch.Tensor:
    """Weights about as large as a trained layer's; ones and zeros would hide which is which."""
    if len(shape) == 1:
        return torch.ones(shape) + 0.1 * torch.randn(shape)
    return torch.randn(shape) * float(shape[-1]) ** -0.5


def _save_extras(folder: Path, family: str, extras: dict[str, Any], lora: str) -> dict[str, Any]:
    """Files in the layouts of their repositories, and how the recipe names them."""
    from safetensors.torch import save_file

    said: dict[str, Any] = {}
    if "adapter" in extras:
        weights = ("sdxl_models/ip-adapter-plus_sdxl_vit-h.safetensors" if family == "sdxl"
                   else "models/ip-adapter-plus_sd15.safetensors")
        (folder / "ip-adapter" / weights).parent.mkdir(parents=True, exist_ok=True)
        save_file(extras["adapter"], folder / "ip-adapter" / weights)
        extras["eyes"].save_pretrained(folder / "ip-adapter" / "models" / "image_encoder")
        said["ip_adapter"] = {"folder": "ip-adapter", "weights": weights, "image_encoder": "models/image_encoder"}
    if "tiny" in extras:
        extras["tiny"].save_pretrained(folder / "taesd")
        said["tiny_decoder"] = "taesd"
    if "lora" in extras:
        (folder / "fast").mkdir(exist_ok=True)
        save_file(extras["lora"], folder / "fast" / f"{lora}.safetensors")
        said |= {"lora": {"file": f"fast/{lora}.safetensors", "scale": 1.0}, "scheduler": lora}
    return said


if __name__ == "__main__":
    print(save_stable_diffusion(Path(sys.argv[1]), *sys.argv[2:3], lora="lightning"))
