"""Paints without any model: paper dolls in their poses before drawn settings. Load tests, and the honest fallback."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence

from engine.mini.scenery import draw_scene
from engine.nouns import Painting, PanelBrief, Underdrawing


class TheatrePainter:
    """The painter of last resort: it draws the brief itself and needs neither weights nor the underdrawing.

    The underdrawing and the references are not looked at: characters come from their Looks. The same brief gives
    the same picture whatever the seed.
    """

    name = "theatre@1"
    size_px = 256

    def paint(
        self,
        brief: PanelBrief,
        underdrawing: Underdrawing,
        references: Sequence[bytes],
        *,
        seed: int,
        on_step: Callable[[int, int, bytes | None], None],
    ) -> Painting:
        """One step, about 10 ms. `on_step(1, 1, png)` is called at its end and may raise `Cancelled`."""
        begun = time.perf_counter()
        picture, _ = draw_scene(brief, size_px=self.size_px)
        out = io.BytesIO()
        picture.save(out, "PNG", compress_level=3)
        png = out.getvalue()
        on_step(1, 1, png)
        return Painting(png=png, seed=seed, painter=self.name, steps=1, seconds=time.perf_counter() - begun)
