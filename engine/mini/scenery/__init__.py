"""Settings, weather, book styles and whole scenes of the embedded world, drawn with Pillow."""

from engine.mini.scenery.scene import draw_scene
from engine.mini.scenery.setting import draw_setting
from engine.mini.scenery.styles import apply_style

__all__ = ["apply_style", "draw_scene", "draw_setting"]
