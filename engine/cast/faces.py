"""Where the faces are in a photo, and which of them may be meant. OpenCV's bundled cascades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cast.colour import in_plain_light, one_at_a_time, to_lab

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.cast.colour import Array
    from engine.cast.photos import SafePhoto


@dataclass(frozen=True, slots=True)
class Face:
    """A face's box in pixels. `facing` is 1 for a profile that looks right, -1 for left, 0 for a face to us."""

    x: int
    y: int
    width: int
    height: int
    facing: int = 0


def faces_of(photo: SafePhoto) -> list[Face]:
    """The faces of a photo that may be meant, from left to right, in its own pixels; small ones far behind are not."""
    rgb, scale = working_size(photo)
    faces = find_faces(in_plain_light(rgb))
    return [Face(round(face.x / scale), round(face.y / scale), round(face.width / scale), round(face.height / scale),
                 face.facing) for face in sorted(likely_meant(faces), key=lambda face: face.x)]


def face_crop(photo: SafePhoto, face: Face, *, size_px: int = 160) -> bytes:
    """A face with what is around it, as a small square PNG: for its owner to say who is meant, and for nobody else."""
    import io

    from PIL import Image

    middle_x, middle_y, reach = face.x + face.width / 2, face.y + face.height / 2, 0.9 * max(face.width, face.height)
    left, top, side = round(middle_x - reach), round(middle_y - reach), round(2 * reach)
    out = io.BytesIO()
    crop = photo.image().crop((left, top, left + side, top + side))
    crop.resize((size_px, size_px), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def likely_meant(faces: Sequence[Face]) -> list[Face]:
    """Faces large enough to be whom a photo is of."""
    largest = max((face.width for face in faces), default=0)
    return [face for face in faces if face.width > 0.55 * largest]


def working_size(photo: SafePhoto) -> tuple[NDArray[np.uint8], float]:
    """The pixels at most 640 long, and what they were scaled by."""
    import cv2
    import numpy as np

    rgb = np.frombuffer(photo.rgb, np.uint8).reshape(photo.height, photo.width, 3)
    scale = min(1.0, 640 / max(photo.width, photo.height))
    if scale < 1:
        rgb = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return rgb, scale


@lru_cache(maxsize=8)
def _cascade(name: str) -> Any:
    import cv2

    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / f"haarcascade_{name}.xml"))


def find_faces(rgb: NDArray[np.uint8]) -> list[Face]:
    """Faces, the largest first; profiles only where no face looks at the camera."""
    import cv2

    grey = cv2.equalizeHist(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    # a face is found as well in a small picture, in a quarter of the time
    scale = min(1.0, 400 / max(grey.shape))
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    least = max(22, min(grey.shape) // 9)
    with one_at_a_time:
        frontal = _cascade("frontalface_alt2").detectMultiScale(grey, 1.08, 5, minSize=(least, least))
        found = [Face(*(int(v) for v in box)) for box in frontal]
        if not found:
            profile = _cascade("profileface")                # it knows faces that look left
            left = profile.detectMultiScale(grey, 1.08, 4, minSize=(least, least))
            right = profile.detectMultiScale(cv2.flip(grey, 1), 1.08, 4, minSize=(least, least))
            found = [Face(int(x), int(y), int(w), int(h), -1) for x, y, w, h in left]
            found += [Face(grey.shape[1] - int(x) - int(w), int(y), int(w), int(h), 1) for x, y, w, h in right]
    found = [Face(round(f.x / scale), round(f.y / scale), round(f.width / scale), round(f.height / scale), f.facing)
             for f in found]
    if any(face.facing for face in found):
        lab = to_lab(rgb)
        found = [face for face in found if _skin_share(lab, face) > 0.35]
    return sorted(found, key=lambda face: -face.width)


def cat_face(rgb: NDArray[np.uint8]) -> bool:
    import cv2

    grey = cv2.equalizeHist(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    least = max(32, min(grey.shape) // 5)
    with one_at_a_time:
        return len(_cascade("frontalcatface_extended").detectMultiScale(grey, 1.06, 4, minSize=(least, least))) > 0


def _skin_share(lab: Array, face: Face) -> float:
    """The share of a box in the hues skin has."""
    import numpy as np

    x, y, w, h = face.x, face.y, face.width, face.height
    part = lab[y + h // 5:y + h, x + w // 5:x + w - w // 5]
    hue = np.degrees(np.arctan2(part[..., 2], part[..., 1]))
    return float(((hue > 18) & (hue < 82) & (np.hypot(part[..., 1], part[..., 2]) > 9) & (part[..., 0] > 18)).mean())
