"""An avatar painted from photos, where the painter can: what it is shown, and the figure cut out of what it made.

The painter sees the doll drawn from the measured Look, which says pose and clothes and is what the person corrects by
menus, and photos of that one person: of a photo with several, the strip in which the chosen one stands. Photos are
handed on in memory alone and kept by nobody.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from PIL import Image

from engine.nouns import (
    Box,
    CharacterId,
    Figure,
    Look,
    OwnerId,
    Painting,
    PanelBrief,
    PanelId,
    Place,
    ServerId,
    Setting,
    SettingId,
    Sitting,
    StoryId,
    StudioFailed,
    Underdrawing,
)
from engine.planning import stable_seed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.cast.faces import Face
    from engine.cast.photos import SafePhoto
    from engine.ports import Studio

log = logging.getLogger(__name__)

#: Photos a painter is shown, and the longest side of each.
SHOWN: Final = 3
CROP_PX: Final = 768
#: The sheet the doll stands on, and how high a cut-out avatar is at most.
EASEL_PX: Final = 512
AVATAR_PX: Final = 512
#: A pixel is paper when no channel is further than this from the colour along the edges.
PAPER: Final = 26
#: Along the edges so much must be paper, and of the picture so much figure, for the figure to be told from it.
EDGE_PAPER: Final = 0.7
LEAST_FIGURE, MOST_FIGURE = 0.03, 0.85
#: How far a painted figure may reach beyond the doll where only the doll's outline says what is figure.
SLACK: Final = 0.025

_SITTER = CharacterId("sitter")


def crops_of(photos: Sequence[SafePhoto], faces: Sequence[Sequence[Face]] = (),
             chosen: Mapping[int, int] | None = None) -> tuple[bytes, ...]:
    """At most `SHOWN` photos as PNGs, each of the one person: `faces` of each photo where it has several.

    Of a photo in which nobody was chosen among several, nothing is shown.
    """
    crops = []
    for number, photo in enumerate(photos):
        beside = faces[number] if number < len(faces) else ()
        picture = photo.image()
        if len(beside) > 1:
            meant = (chosen or {}).get(number)
            if meant is None:
                continue
            left, right = strip_of(beside, meant, photo.width)
            picture = picture.crop((left, 0, right, photo.height))
        picture.thumbnail((CROP_PX, CROP_PX))
        out = io.BytesIO()
        picture.save(out, "PNG", compress_level=1)
        crops.append(out.getvalue())
    return tuple(crops[:SHOWN])


def strip_of(faces: Sequence[Face], meant: int, width: int) -> tuple[int, int]:
    """From which column to which a photo shows the person of one face: half-way to whoever stands beside."""
    middles = [face.x + face.width / 2 for face in faces]
    here = middles[meant]
    left = max(((here + other) / 2 for other in middles if other < here), default=0.0)
    right = min(((here + other) / 2 for other in middles if other > here), default=float(width))
    return round(left), max(round(left) + 1, round(right))


def easel(look: Look) -> bytes:
    """The doll of a look on a square transparent sheet (RGBA PNG), as the painter is to put the figure."""
    from engine.mini.dolls import draw_avatar

    doll = draw_avatar(look, size_px=EASEL_PX)
    doll.thumbnail((round(EASEL_PX * 0.9), round(EASEL_PX * 0.9)), Image.Resampling.LANCZOS)
    sheet = Image.new("RGBA", (EASEL_PX, EASEL_PX), (255, 255, 255, 0))
    sheet.alpha_composite(doll, ((EASEL_PX - doll.width) // 2, (EASEL_PX - doll.height) // 2))
    out = io.BytesIO()
    sheet.save(out, "PNG", compress_level=1)
    return out.getvalue()


async def portray(studio: Studio, look: Look, crops: Sequence[bytes], *, seed: int, owner_id: OwnerId,
                  server_id: ServerId) -> bytes:
    """The avatar as a cut-out: RGBA PNG, at most `AVATAR_PX` high.

    One in which somebody is not dressed as the doll is painted once more. Raises `StudioFailed`.
    """
    sitting = Sitting(look, await asyncio.to_thread(easel, look), tuple(crops))
    for attempt in range(2):
        painting = await studio.paint_avatar(sitting, seed=stable_seed(str(seed), attempt), owner_id=owner_id,
                                             server_id=server_id)
        if not await asyncio.to_thread(_bare, painting, sitting):
            return await asyncio.to_thread(cut_out, painting.png, sitting.doll)
        log.info("an avatar was not shown: it does not suit a story")
    raise StudioFailed("an avatar does not suit a story", reason="picture_unsuitable")


def cut_out(painted: bytes, doll: bytes) -> bytes:
    """The figure of a painting on plain paper, its surroundings transparent (RGBA PNG), tightly cropped.

    Paper is what has the colour of the edges and hangs together with them. Where that tells nothing (the painter left
    no paper, or painted nothing but), the figure is what lies within the outline of the doll it was painted after.
    """
    import cv2
    import numpy as np

    picture = Image.open(io.BytesIO(painted)).convert("RGB")
    rgb = np.asarray(picture)
    figure = _figure_on_paper(rgb)
    if figure is None:
        log.info("an avatar has no paper around it: cut along the doll's outline")
        outline = Image.open(io.BytesIO(doll)).convert("RGBA").getchannel("A").resize(picture.size)
        reach = 2 * max(1, round(SLACK * picture.width)) + 1
        figure = cv2.dilate((np.asarray(outline) > 127).astype(np.uint8),
                            cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))).astype(bool)
    soft = cv2.GaussianBlur(figure.astype(np.float32), (0, 0), 0.8)
    # No halo of paper: the alpha begins where the figure does.
    alpha = np.clip(soft * 2 - 1, 0, 1) * 255
    cut = Image.fromarray(np.dstack([rgb, alpha.round().astype(np.uint8)]))
    cut = cut.crop(cut.getchannel("A").getbbox())
    cut.thumbnail((AVATAR_PX, AVATAR_PX), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    cut.save(out, "PNG")
    return out.getvalue()


def _figure_on_paper(rgb: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """What is not paper, and no speck: (H, W). None where it cannot be told."""
    import cv2
    import numpy as np

    edges = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]]).astype(np.int16)           # (2 H + 2 W, 3)
    colour = np.median(edges, axis=0)
    if (np.abs(edges - colour).max(axis=1) <= PAPER).mean() < EDGE_PAPER:
        return None
    like_paper = (np.abs(rgb.astype(np.int16) - colour).max(axis=2) <= PAPER).astype(np.uint8)  # (H, W)
    _, pieces = cv2.connectedComponents(like_paper, connectivity=4)
    along = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    paper = np.isin(pieces, along[along > 0])
    # Shadows and crumbs on the paper are not the figure; an arm held away from it is.
    count, pieces, facts, _ = cv2.connectedComponentsWithStats((~paper).astype(np.uint8), connectivity=8)
    if count < 2:
        return None
    sizes = facts[1:, cv2.CC_STAT_AREA]
    figure = np.isin(pieces, 1 + np.flatnonzero(sizes >= 0.02 * sizes.max()))
    return figure if LEAST_FIGURE <= figure.mean() <= MOST_FIGURE else None


def _bare(painting: Painting, sitting: Sitting) -> bool:
    """Whether whoever was painted has lost their clothes. See `engine.safety.picture`."""
    from engine.safety.picture import undressed

    sheet = Image.open(io.BytesIO(sitting.doll)).convert("RGBA")
    left, top, right, bottom = sheet.getchannel("A").getbbox() or (0, 0, *sheet.size)
    white = Image.new("RGBA", sheet.size, "white")
    white.alpha_composite(sheet)
    out = io.BytesIO()
    white.convert("RGB").save(out, "PNG", compress_level=1)
    box = Box(left / sheet.width, top / sheet.height, right / sheet.width, bottom / sheet.height)
    brief = PanelBrief(PanelId("sitting"), StoryId(""), "", (Figure(_SITTER, "", sitting.look, Place(0.5, 0.95, 0.9)),),
                       Setting(SettingId(""), "", "", 0))
    return bool(undressed(painting.png, Underdrawing(out.getvalue(), ((_SITTER, box),)), brief))
