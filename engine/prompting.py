"""How each painter family is told what to paint. Pure; standard library only.

Mini's caption is a fixed order of vocabulary words, so that a small text encoder learns it quickly; the training
world words its scenes by this very function.
"""

from __future__ import annotations

from engine.nouns import Figure, PanelBrief


def _tenth(fraction: float) -> int:
    """0 to 9: which tenth of the panel's width."""
    return min(9, max(0, int(fraction * 10)))


def _mini_figure(figure: Figure, brief: PanelBrief) -> str:
    words = [f"at {_tenth(figure.place.x)}", figure.look.kind, figure.action, figure.mood]
    if figure.holding:
        words.append(f"with {figure.holding}")
    partner = next((other for other in brief.figures if other.character_id == figure.toward), None)
    if partner is not None and partner is not figure:
        words.append(f"to {_tenth(partner.place.x)}")
    return " ".join(words)


def mini_caption(brief: PanelBrief) -> str:
    """A brief as mini's text encoder reads it: style, shot, setting, light; then each figure from left to right."""
    parts = [" ".join((brief.style, brief.shot, brief.setting.kind, brief.time_of_day, brief.weather))]
    parts += [_mini_figure(figure, brief) for figure in sorted(brief.figures, key=lambda figure: figure.place.x)]
    parts += [f"at {_tenth(place.x)} {prop}" for prop, place in brief.props]
    return " . ".join(parts)


def names_in_order(brief: PanelBrief) -> list[str]:
    """The cast's names from left to right, as a reader sees them."""
    return [figure.name for figure in sorted(brief.figures, key=lambda figure: figure.place.x)]
