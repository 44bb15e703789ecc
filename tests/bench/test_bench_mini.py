"""What mini costs: operations are counted, times are of what they say, quality has its ends."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from bench import mini
from engine.events import Painted
from engine.nouns import PanelId, TurnId, VenueId
from engine.painters.likeness import LikenessNet, MiniLikeness
from engine.painters.unet import UNetPainter

#: diffusers hands a tensor to NumPy 2 in a way both still allow.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory) -> UNetPainter:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent.parent / "engine" / "painters"))
        from tiny_unet import save_painter
    return UNetPainter(save_painter(tmp_path_factory.mktemp("painter"), steps=3), threads=1)


@pytest.fixture(scope="module")
def likeness(tmp_path_factory: pytest.TempPathFactory) -> MiniLikeness:
    from training.likeness import export
    folder = tmp_path_factory.mktemp("likeness")
    export(LikenessNet((8, 16, 16), 24, 3).eval(), folder)
    return MiniLikeness(folder, threads=1)


def test_operations_are_counted() -> None:
    a = torch.randn(8, 16)
    assert mini.flops_of(lambda: a @ a.T)[""] == 2 * 8 * 16 * 8
    layer = torch.nn.Linear(16, 4)
    assert mini.flops_of(lambda: layer(a))["Linear"] == 2 * 8 * 16 * 4


def test_the_parts_of_a_panel(painter: UNetPainter, likeness: MiniLikeness) -> None:
    parts, whole_s, bare_s = mini.parts_of_a_panel(painter, likeness, 1)
    found = {part.name: part for part in parts}
    assert all(part.seconds > 0 for part in parts) and bare_s > 0
    assert all((part.operations > 0) == (part.dtype is not None) for part in parts)
    assert found["denoise"].remark == "UNet, 3 steps" and found["denoise"].seconds < whole_s
    # the painter's own way of leaving an entry out is in the count: all three would be half as much again
    unet = painter._pipeline.unet
    side = painter.size_px // painter.latent_format.downscale
    sample = torch.zeros(1, unet.config.in_channels, side, side)
    words = torch.zeros(1, 4, unet.config.cross_attention_dim)
    once = mini.flops_of(lambda: unet(sample, 1.0, encoder_hidden_states=words))[""]
    assert found["denoise"].operations >= 3 * once * 0.9


def test_quality_ends_with_the_truth_and_begins_with_the_underdrawing(painter: UNetPainter, likeness: MiniLikeness,
                                                                     ) -> None:
    rows = mini.quality(painter, likeness, 2, steps=(1, 2), guidances=(1.0,))
    assert [row[0] for row in rows] == ["the truth", "the underdrawing", "1 step", "2 steps"]
    assert rows[0][1:3] == ("exact", "exact") and float(rows[1][1]) > float(rows[2][1])   # an untrained painter spoils
    assert painter.recipe.steps == 3


def test_psnr() -> None:
    black, grey = Image.new("RGB", (4, 4)), Image.new("RGB", (4, 4), (51, 51, 51))
    assert mini.psnr_db(black, grey) == pytest.approx(20 * torch.log10(torch.tensor(5.0)).item(), abs=0.01)
    assert mini.psnr_db(black, black) > 80


async def test_a_panel_begins_when_the_one_before_is_shown(tmp_path: Path) -> None:
    stage = mini.TimedStage(tmp_path / "stage")
    stage.stamps = [mini.time.perf_counter() - 5.0]
    preview = Painted(TurnId("t"), PanelId("p"), 1, 6, b"png")
    stage.hint(VenueId("v"), Painted(TurnId("t"), PanelId("p"), 1, 6, None))
    stage.hint(VenueId("v"), preview)
    stage.hint(VenueId("v"), preview)
    assert len(stage.previews) == 1 and stage.previews[0] >= 5.0


def test_weights_are_the_files_of_models(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "model.safetensors").write_bytes(bytes(2**20))
    (tmp_path / "writer.gguf").write_bytes(bytes(2**19))
    (tmp_path / "README.md").write_text("x" * 4000)
    assert mini.weights_mib(tmp_path) == 1.5


@pytest.mark.parametrize(("value", "said"), [(0.5, "met"), (1.0, "met"), (1.5, "missed (1.50 times)")])
def test_a_missed_target_is_said(value: float, said: str) -> None:
    assert mini.verdict(value, 1.0) == said
