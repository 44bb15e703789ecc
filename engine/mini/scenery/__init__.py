"""Settings, weather, book styles and whole scenes of the embedded world, drawn with Pillow."""

from engine.mini.scenery.setting import draw_setting

__all__ = ["draw_setting"]
