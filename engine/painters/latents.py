"""What a painter's latents look like to a person: previews of the predicted clean image, without model names.

A painter owns one `LatentFormat`. `predicted_clean` turns two neighbouring points of a denoising path into the
clean latents the model expects at its end; the format turns those into pixels by its own linear colours, as
ComfyUI's latent formats do. Nothing here knows a model by name.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image


@dataclass(frozen=True)
class LatentFormat:
    """The shape and colours of one model's latents, in the space the UNet works in.

    `rgb_factors` is (channels, 3): latents times factors plus `rgb_bias` is RGB from -1 to 1. Empty: no linear colours
    are known and only the decoder can show the latents.
    """

    channels: int
    downscale: int                         # pixels a side for one latent
    scaling_factor: float                  # latents of the UNet = latents of the autoencoder x this
    rgb_factors: tuple[tuple[float, float, float], ...] = ()
    rgb_bias: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if self.rgb_factors and len(self.rgb_factors) != self.channels:
            raise ValueError(f"{len(self.rgb_factors)} rows of RGB factors for {self.channels} channels")

    @classmethod
    def with_factors(cls, rows: Sequence[Sequence[float]], *, channels: int, downscale: int,
                     scaling_factor: float) -> LatentFormat:
        """From rows as written beside the weights: one row of three a channel, and after them perhaps one of bias.

        Raises `ValueError` when the rows fit neither.
        """
        triples = [(float(row[0]), float(row[1]), float(row[2])) for row in rows]
        bias = triples.pop() if len(triples) == channels + 1 else (0.0, 0.0, 0.0)
        return cls(channels, downscale, scaling_factor, tuple(triples), bias)

    def colours(self, latents: torch.Tensor) -> Image.Image:
        """Clean latents (1, C, h, w) as an RGB picture of w x h pixels, by the linear colours alone."""
        if not self.rgb_factors:
            raise ValueError("this latent format carries no RGB factors")
        factors = torch.tensor(self.rgb_factors)                            # (C, 3)
        plane = latents[0].detach().float().cpu().permute(1, 2, 0)          # (h, w, C)
        return to_picture((plane @ factors + torch.tensor(self.rgb_bias)).permute(2, 0, 1)[None])


def to_picture(pixels: torch.Tensor) -> Image.Image:
    """(1, 3, H, W) from -1 to 1 as an RGB picture; what is outside is clipped."""
    plane = pixels[0].detach().float().cpu().clamp(-1, 1).add(1).mul(127.5).round()
    return Image.fromarray(plane.to(torch.uint8).permute(1, 2, 0).contiguous().numpy())  # (H, W, 3)


def to_png(picture: Image.Image, *, compress_level: int = 4) -> bytes:
    """A picture as PNG bytes. The same pixels give the same bytes."""
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=compress_level)
    return out.getvalue()


def predicted_clean(scheduler: Any, index: int, before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """The clean latents (x0) expected after denoising step `index`, from the latents before and after it.

    Multistep solvers that think in x0 keep their last prediction, and that is taken as it is. For the others the path
    is read as a straight line in the sigma coordinate, d = (x' - x) / (s' - s) and x0 = x' - s' d, which is exact for
    Euler steps of flow matching and of variance-exploding diffusion, and for variance-preserving ones (DDIM) after
    scaling the samples by sqrt(1 + s^2).
    """
    config = scheduler.config
    thinks_in_x0 = str(config.get("algorithm_type", "")).endswith("++") or config.get("predict_x0", False)
    outputs = getattr(scheduler, "model_outputs", None)
    if thinks_in_x0 and outputs and outputs[-1] is not None:
        return outputs[-1]  # type: ignore[no-any-return]
    flow = config.get("prediction_type") == "flow_prediction" or "FlowMatch" in type(scheduler).__name__
    sigmas = getattr(scheduler, "sigmas", None)
    if sigmas is not None:
        sigma, sigma_next = float(sigmas[index]), float(sigmas[index + 1])
        preserving = not flow and float(scheduler.init_noise_sigma) == 1.0
    else:
        def sigma_at(step: int) -> float:
            if step >= len(scheduler.timesteps):
                return float(((1 - scheduler.final_alpha_cumprod) / scheduler.final_alpha_cumprod) ** 0.5)
            alpha = float(scheduler.alphas_cumprod[int(scheduler.timesteps[step])])
            return float(((1 - alpha) / alpha) ** 0.5)
        sigma, sigma_next, preserving = sigma_at(index), sigma_at(index + 1), True
    if preserving:                         # sqrt(alpha) x0 + sqrt(1 - alpha) noise -> x0 + sigma noise
        before, after = before * (1 + sigma**2) ** 0.5, after * (1 + sigma_next**2) ** 0.5
    if sigma == sigma_next:
        return after
    return after - sigma_next * (after - before) / (sigma_next - sigma)
