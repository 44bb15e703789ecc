"""The models somebody can choose by name, what each costs, and which suits a machine. Pure; standard library only.

Names of repositories and files are those of the model hub; `storythread models pull NAME` fetches them
(engine/models/pulling.py). Sizes are rounded from what the hub lists; what a pull really brings is asked of the hub
then. No revision stands here: the commit that is first pulled is remembered with the hash of every file, and
demanded from then on (`studio.revisions` may name one before).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

GIB: Final = 2**30
GB: Final = 10**9


# --- what a machine has ----------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Hardware:
    """One machine, as seen from the process that would hold the models. Bytes are 0 where nothing is known."""

    device: str = "cpu"                    # "cuda", "mps" or "cpu"
    name: str = ""                         # what the maker calls the device
    memory_bytes: int = 0                  # of the device; 0 on a CPU
    free_bytes: int = 0
    capability: tuple[int, int] = (0, 0)   # CUDA's compute capability
    cores: int = 1                         # physical ones
    ram_bytes: int = 0
    ram_free_bytes: int = 0
    llama_on_gpu: bool = False             # whether llama.cpp was built to put writers onto the GPU
    problem: str = ""                      # why a device that may be there cannot be used

    def told(self) -> str:
        """One sentence for an operator."""
        cpu = f"{self.cores} cores, {self.ram_bytes / GIB:.0f} GiB of memory"
        if self.device == "cuda":
            shown = (f"{self.name}, {self.memory_bytes / GIB:.0f} GiB ({self.free_bytes / GIB:.0f} free), compute "
                     f"capability {self.capability[0]}.{self.capability[1]}; {cpu}")
            if not self.llama_on_gpu:
                shown += "; llama.cpp is built without it, so writers work on the processor"
        elif self.device == "mps":
            shown = f"{self.name or 'Apple GPU'}, which no painter uses yet; {cpu}"
        else:
            shown = f"no GPU; {cpu}"
        return f"{shown}; {self.problem}" if self.problem else shown


# --- what can be pulled ----------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Repository:
    """One repository of the hub, and which of its files are wanted where.

    `files` are patterns as of a shell; each element may hold several separated by a bar, of which the first that any
    file fits is taken. `into` is a folder below the model's own; `renamed` is cut out of file names.
    """

    repo_id: str
    files: tuple[str, ...]
    into: str = ""
    renamed: str = ""


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence by its name, what it asks in a sentence, and where its words are."""

    name: str
    terms: str
    url: str


class Kind(StrEnum):
    PAINTER = "painter"
    WRITER = "writer"


@dataclass(frozen=True, slots=True)
class Tier:
    """A model by name: where it comes from, under what terms, what it costs, and how it wants to be run."""

    name: str
    kind: Kind
    about: str
    repositories: tuple[Repository, ...]
    licence: Licence
    download_bytes: int
    #: Device memory for each way to fit it in, the best first. On a CPU the first of `ram_bytes` counts.
    needs_bytes: tuple[tuple[str, int], ...]
    ram_bytes: int
    capability: tuple[int, int] = (0, 0)
    #: What is written into `storythread.json` beside the files.
    recipe: Mapping[str, Any] = field(default_factory=dict)
    #: Whether it sees pictures too (writers).
    sees: bool = False

    def fitting(self, hardware: Hardware) -> str:
        """The best way to fit it into this machine's device; "" where none is."""
        if hardware.device != "cuda" or hardware.capability < self.capability:
            return ""
        # A card sold as 8 GB tells of a little less than 8 GiB.
        return next((how for how, needed in self.needs_bytes if hardware.memory_bytes >= 0.96 * needed), "")

    def short_of(self, hardware: Hardware) -> str:
        """Why it cannot be opened here at all, as half a sentence; "" when it may be tried."""
        if hardware.device == "cuda":
            if hardware.capability < self.capability:
                return f"needs compute capability {self.capability[0]}.{self.capability[1]}"
            if not self.fitting(hardware):
                return (f"needs {self.needs_bytes[-1][1] / GIB:.0f} GiB on the GPU, which has "
                        f"{hardware.memory_bytes / GIB:.1f}")
        elif hardware.ram_bytes and hardware.ram_bytes < self.ram_bytes:
            return (f"needs a GPU, or {self.ram_bytes / GIB:.0f} GiB of memory of which there are "
                    f"{hardware.ram_bytes / GIB:.1f}")
        return ""


APACHE: Final = Licence("Apache-2.0", "Use it for anything, also commercially; keep the notices when you pass it on.",
                        "https://www.apache.org/licenses/LICENSE-2.0")
OPENRAIL_M: Final = Licence(
    "CreativeML OpenRAIL-M", "Free also for commercial use, but not for the harmful uses its attachment lists; whoever "
    "you pass it on to must be bound by the same.", "https://huggingface.co/spaces/CompVis/stable-diffusion-license")
OPENRAIL_XL: Final = Licence(
    "CreativeML OpenRAIL++-M", "Free also for commercial use, but not for the harmful uses its attachment lists; "
    "whoever you pass it on to must be bound by the same. The adapters with it are Apache-2.0, OpenRAIL++ and MIT.",
    "https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/blob/main/LICENSE.md")

#: Best first.
PAINTERS: Final = (
    Tier("klein", Kind.PAINTER, "FLUX.2 klein 4B: underdrawing, avatars and the last panel seen as pictures, 4 steps",
         (Repository("black-forest-labs/FLUX.2-klein-4B",
                     ("model_index.json", "scheduler/*.json", "text_encoder/*.json", "text_encoder/*.safetensors",
                      "tokenizer/*", "transformer/*.json", "transformer/*.safetensors", "vae/*.json",
                      "vae/*.safetensors")),),
         APACHE, 16 * GB, (("whole", 20 * GIB), ("offload", 12 * GIB), ("small", 8 * GIB)), 24 * GIB, (8, 0),
         {"size_px": 768, "steps": 4, "guidance_scale": 1.0}),
    Tier("sdxl", Kind.PAINTER, "SDXL over the underdrawing, each avatar masked to its place, Lightning in 8 steps",
         (Repository("stabilityai/stable-diffusion-xl-base-1.0",
                     ("model_index.json", "scheduler/*.json", "text_encoder/config.json",
                      "text_encoder/model.fp16.safetensors", "text_encoder_2/config.json",
                      "text_encoder_2/model.fp16.safetensors", "tokenizer/*", "tokenizer_2/*", "unet/config.json",
                      "unet/diffusion_pytorch_model.fp16.safetensors"), renamed=".fp16"),
          Repository("madebyollin/sdxl-vae-fp16-fix", ("config.json", "diffusion_pytorch_model.safetensors"), "vae"),
          Repository("ByteDance/SDXL-Lightning", ("sdxl_lightning_8step_lora.safetensors",), "lightning"),
          Repository("h94/IP-Adapter", ("sdxl_models/ip-adapter-plus_sdxl_vit-h.safetensors",
                                        "models/image_encoder/config.json",
                                        "models/image_encoder/model.safetensors"), "ip-adapter"),
          Repository("madebyollin/taesdxl", ("config.json", "diffusion_pytorch_model.safetensors"), "taesdxl")),
         OPENRAIL_XL, 11 * GB, (("whole", 14 * GIB), ("offload", 8 * GIB)), 24 * GIB, (7, 0),
         {"size_px": 1024, "steps": 8, "guidance_scale": 0.0, "start_share": 0.65, "scheduler": "lightning",
          "lora": {"file": "lightning/sdxl_lightning_8step_lora.safetensors", "scale": 1.0},
          "ip_adapter": {"folder": "ip-adapter", "weights": "sdxl_models/ip-adapter-plus_sdxl_vit-h.safetensors",
                         "image_encoder": "models/image_encoder", "scale": 0.6},
          "tiny_decoder": "taesdxl"}),
    Tier("sd15", Kind.PAINTER, "Stable Diffusion 1.5 over the underdrawing, each avatar masked to its place, LCM steps",
         (Repository("stable-diffusion-v1-5/stable-diffusion-v1-5",
                     ("model_index.json", "scheduler/*.json", "text_encoder/config.json",
                      "text_encoder/model.fp16.safetensors", "tokenizer/*", "unet/config.json",
                      "unet/diffusion_pytorch_model.fp16.safetensors", "vae/config.json",
                      "vae/diffusion_pytorch_model.fp16.safetensors"), renamed=".fp16"),
          Repository("latent-consistency/lcm-lora-sdv1-5", ("pytorch_lora_weights.safetensors",), "lcm"),
          Repository("h94/IP-Adapter", ("models/ip-adapter-plus_sd15.safetensors", "models/image_encoder/config.json",
                                        "models/image_encoder/model.safetensors"), "ip-adapter"),
          Repository("madebyollin/taesd", ("config.json", "diffusion_pytorch_model.safetensors"), "taesd")),
         OPENRAIL_M, 5 * GB, (("whole", 9 * GIB), ("offload", 4 * GIB)), 16 * GIB, (6, 0),
         {"size_px": 512, "steps": 8, "guidance_scale": 1.0, "start_share": 0.65, "scheduler": "lcm",
          "lora": {"file": "lcm/pytorch_lora_weights.safetensors", "scale": 1.0},
          "ip_adapter": {"folder": "ip-adapter", "weights": "models/ip-adapter-plus_sd15.safetensors",
                         "image_encoder": "models/image_encoder", "scale": 0.6},
          "tiny_decoder": "taesd"}),
)


#: The model in four bits, and its eyes in eight, or in sixteen of the kind every GPU knows, where those are offered.
_GGUFS: Final = ("*-Q4_K_M.gguf|*-Q4_0.gguf", "mmproj*Q8_0.gguf|mmproj*[!bB][fF]16.gguf|mmproj*16.gguf")


def _writer(name: str, about: str, repo_id: str, download: float, memory: int) -> Tier:
    return Tier(name, Kind.WRITER, about, (Repository(repo_id, _GGUFS),), APACHE, int(download * GB),
                (("whole", memory * GIB),), memory * GIB, sees=True)


#: Best first: language models in GGUF that see pictures too.
WRITERS: Final = (
    _writer("gemma-4-26b-a4b", "Gemma 4, 26 billion parameters of which 4 are at work",
            "ggml-org/gemma-4-26B-A4B-it-GGUF", 18, 20),
    _writer("gemma-4-e4b", "Gemma 4, 4 billion parameters at work", "ggml-org/gemma-4-E4B-it-GGUF", 6, 8),
    _writer("qwen3.5-4b", "Qwen 3.5, 4 billion parameters", "unsloth/Qwen3.5-4B-GGUF", 3.5, 6),
    _writer("gemma-4-e2b", "Gemma 4, 2 billion parameters at work", "ggml-org/gemma-4-E2B-it-GGUF", 3.5, 5),
    _writer("qwen3.5-2b", "Qwen 3.5, 2 billion parameters", "unsloth/Qwen3.5-2B-GGUF", 2, 3),
)

TIERS: Final[Mapping[str, Tier]] = {tier.name: tier for tier in (*PAINTERS, *WRITERS)}
#: Not pulled: shipped, or no model at all.
MINI: Final = "mini"
AUTO: Final = "auto"


# --- choosing --------------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Choice:
    """A model by name, and why it is this one, as a sentence."""

    name: str
    why: str
    fitting: str = ""


def best_painter(hardware: Hardware, pulled: Collection[str]) -> Choice:
    """The best painter that is pulled and that this machine's device holds; mini where there is none."""
    for tier in PAINTERS:
        if tier.name in pulled and (how := tier.fitting(hardware)):
            return Choice(tier.name, f"the best painter that is pulled and fits ({how}) on {hardware.name}", how)
    there = [tier for tier in PAINTERS if tier.name in pulled]
    if there:
        why = "; ".join(f"{tier.name} {tier.short_of(hardware) or 'wants a GPU'}" for tier in there)
        return Choice(MINI, f"what is pulled does not suit this machine: {why}")
    return Choice(MINI, "no other painter is pulled")


def best_writer(hardware: Hardware, pulled: Collection[str], *, beside: str = MINI) -> Choice:
    """The best writer that is pulled and fits beside the painter `beside`: into what the device has left, else mini.

    A machine without a GPU writes with a model of up to 4 billion parameters where its memory allows.
    """
    for tier in WRITERS:
        if tier.name not in pulled:
            continue
        if hardware.device == "cuda" and hardware.llama_on_gpu:
            taken = next((needs for _, needs in TIERS[beside].needs_bytes if hardware.memory_bytes >= 0.96 * needs),
                         0) if beside in TIERS else 2 * GIB
            if hardware.memory_bytes - taken >= 0.96 * tier.needs_bytes[0][1]:
                return Choice(tier.name, f"the best writer that is pulled and fits on {hardware.name} beside {beside}")
        if tier.ram_bytes <= 8 * GIB and hardware.ram_bytes >= 2 * tier.ram_bytes:
            return Choice(tier.name, "the best writer that is pulled and fits in this machine's memory", "memory")
    if any(tier.name in pulled for tier in WRITERS):
        return Choice(MINI, "no writer that is pulled fits beside the painter")
    return Choice(MINI, "no other writer is pulled")


def worth_pulling(hardware: Hardware, pulled: Collection[str]) -> Tier | None:
    """The painter that `models pull` should bring to this machine: better than what is pulled and fits; or None."""
    for tier in PAINTERS:
        if tier.name in pulled and tier.fitting(hardware):
            return None
        if tier.fitting(hardware):
            return tier
    return None


# --- docs/models.md --------------------------------------------------------------------------------

def tables() -> str:
    """The tables of docs/models.md, between its two marks."""
    lines = ["| Painter | What it is | Download | GPU memory | Without a GPU | Licence |", "|---|---|---|---|---|---|",
             "| `mini` | the embedded painter | none | uses a GPU when there is one | yes | ours |"]
    for tier in PAINTERS:
        fits = ", ".join(f"{needed // GIB} GiB ({how})" for how, needed in tier.needs_bytes)
        major, minor = tier.capability
        lines.append(f"| `{tier.name}` | {tier.about} | {tier.download_bytes / GB:.0f} GB | {fits}; compute capability "
                     f"{major}.{minor} | only when named, {tier.ram_bytes // GIB} GiB of memory, minutes a panel | "
                     f"[{tier.licence.name}]({tier.licence.url}) |")
    lines += ["", "| Writer, and eyes | What it is | Download | Memory | Licence |", "|---|---|---|---|---|",
              "| `mini` | the embedded writer; does not see | none | 100 MiB | ours |"]
    lines += [f"| `{tier.name}` | {tier.about} | {tier.download_bytes / GB:.1f} GB | {tier.ram_bytes // GIB} GiB | "
              f"[{tier.licence.name}]({tier.licence.url}) |" for tier in WRITERS]
    lines += ["", "| Name | Repository | Files | Below |", "|---|---|---|---|"]
    for tier in TIERS.values():
        for each in tier.repositories:
            files = ", ".join("`" + one.replace("|", "` or `") + "`" for one in each.files)
            lines.append(f"| `{tier.name}` | {each.repo_id} | {files} | `{tier.name}/{each.into}` |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(tables(), end="")
