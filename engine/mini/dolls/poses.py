"""Poses: what each action does to the limbs, the trunk, the head and the face."""

from __future__ import annotations

from dataclasses import dataclass, replace

Arm = tuple[float, float] | str
Leg = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pose:
    """Angles in degrees. Arms and legs hang at 0; positive is outward, to their own side, and up.

    An arm is (upper, fore), both absolute, or the name of what its hand goes to: a spot named in `REACHES`.
    The right of the picture is the doll's front side: it walks, points and looks there unless mirrored.
    """

    left: Arm = (16, 6)
    right: Arm = (16, 6)
    left_leg: Leg = (4, 3)
    right_leg: Leg = (4, 3)
    leg_scale: float = 1.0                 # foreshortening
    lean: float = 0.0                      # trunk, clockwise
    tilt: float = 0.0                      # head, clockwise
    gaze: tuple[float, float] = (0.0, 0.0)   # pupils, -1 to 1
    turn: float = 0.0                      # face turned to the right, 0 to 1
    nod: float = 0.0                       # face up, -1 to 1
    lift: float = 0.0                      # above the ground
    lie: float = 0.0                       # whole figure, clockwise
    over: str = ""                         # arms drawn over the head: "left", "right", "both"
    holds: str = "right"                   # the hand, or "both"
    prop: str = ""                         # what the action itself brings when nothing else is held
    eyes: str = ""                         # overrides the mood's eyes
    mouth: str = ""                        # overrides the mood's mouth
    knees: bool = False                    # kneeling: no shoes in sight
    extra: str = ""                        # zzz, notes, tears, dots, waves


#: Where a hand may go: (x, y) in head radii from the head's middle, or in torso lengths from the hips.
REACHES = {
    "mouth": ("head", 0.30, -0.72), "chin": ("head", 0.34, -0.92), "eye": ("head", 0.40, -0.12),
    "brow": ("head", 0.72, 0.28), "lip": ("head", 0.42, -0.55),
    "belly": ("body", 0.16, 0.40), "chest": ("body", 0.20, 0.68), "book": ("body", 0.55, 0.56),
    "lap": ("body", 0.34, 0.12), "box": ("body", 0.80, 0.30),
}

POSES = {
    "stands": Pose(),
    "waves": Pose(right=(92, 152), left=(18, 4), tilt=-5),
    "walks": Pose(left=(38, 14), right=(34, 62), left_leg=(22, 40), right_leg=(26, 8), turn=0.45, lean=3),
    "runs": Pose(left=(64, 20), right=(44, 118), left_leg=(30, 84), right_leg=(58, 12), turn=0.6, lean=11, lift=3),
    "jumps": Pose(left=(112, 138), right=(112, 138), left_leg=(38, -22), right_leg=(38, -22), lift=17),
    "dances": Pose(left=(96, 66), right=(108, 150), left_leg=(8, 2), right_leg=(54, 38), lean=-7, tilt=9),
    "sits": Pose(left=(24, 8), right=(24, 8), left_leg=(66, 72), right_leg=(66, 72), leg_scale=0.72),
    "kneels": Pose(left="lap", right="lap", left_leg=(16, 10), right_leg=(16, 10), leg_scale=0.42, knees=True),
    "sleeps": Pose(left=(20, 4), right=(20, 30), left_leg=(8, 4), right_leg=(14, -12), lie=-90, eyes="closed",
                   mouth="small", extra="zzz"),
    "points": Pose(right=(88, 92), left=(18, 4), turn=0.5, gaze=(0.7, 0.1)),
    "cheers": Pose(left=(110, 148), right=(110, 148), left_leg=(9, 5), right_leg=(9, 5), mouth="open", nod=0.15),
    "reads": Pose(left="book", right="book", holds="both", prop="book", gaze=(0, -0.8), nod=-0.2),
    "eats": Pose(right="mouth", left=(20, -8), over="right", prop="apple", mouth="small"),
    "drinks": Pose(right="mouth", left=(20, -8), over="right", prop="cup", mouth="small", nod=0.1),
    "carries": Pose(left="box", right="box", holds="both", prop="box"),
    "hugs": Pose(left=(20, -62), right=(74, 84), turn=0.55, lean=9, tilt=8, eyes="happy", mouth="smile"),
    "holds hands": Pose(right=(42, 46), left=(16, 6), turn=0.3, gaze=(0.5, 0)),
    "looks up": Pose(left=(24, 10), right=(24, 10), nod=0.75, gaze=(0.1, 1), tilt=-4),
    "looks": Pose(right="brow", left=(20, 4), over="right", turn=0.65, gaze=(0.8, 0)),
    "thinks": Pose(right="chin", left=(10, -48), over="right", tilt=-8, gaze=(0.6, 0.8), extra="dots", mouth="small"),
    "cries": Pose(left="eye", right=(18, 2), over="left", eyes="closed", mouth="wail", extra="tears", tilt=-5),
    "hides": Pose(left="eye", right="eye", over="both", left_leg=(26, -34), right_leg=(26, -34), leg_scale=0.7,
                  mouth="wobble"),
    "climbs": Pose(left=(84, 146), right=(112, 158), left_leg=(14, -4), right_leg=(78, -18), turn=0.35, nod=0.5,
                   gaze=(0.3, 0.9), lift=3),
    "swims": Pose(left=(34, 18), right=(126, 166), left_leg=(16, 24), right_leg=(4, 14), lie=62, over="right",
                  turn=0.4, nod=0.4,
                  extra="waves"),
    "flies": Pose(left=(62, 70), right=(126, 166), left_leg=(12, 22), right_leg=(2, 6), lie=52, over="right", lift=30,
                  turn=0.4,
                  nod=0.4),
    "rides": Pose(left="belly", right="belly", left_leg=(60, -8), right_leg=(60, -8), leg_scale=0.8, turn=0.4, lean=4),
    "sings": Pose(left="chest", right=(78, 104), mouth="sing", eyes="happy", nod=0.3, extra="notes"),
    "gives": Pose(left=(34, -74), right=(66, 84), turn=0.55, lean=5, prop="gift", gaze=(0.6, 0)),
}

_SEATED = Pose(left_leg=(34, 6), right_leg=(34, 6), leg_scale=0.62)


def pose_of(action: str, *, seated: bool = False) -> Pose:
    """The pose of an action; an unknown action stands. `seated` keeps the legs in a wheelchair."""
    pose = POSES.get(action, POSES["stands"])
    if not seated:
        return pose
    return replace(pose, left_leg=_SEATED.left_leg, right_leg=_SEATED.right_leg, leg_scale=_SEATED.leg_scale,
                   knees=False, lift=0.0, lie=0.0, lean=pose.lean * 0.5)
