"""Training learns, survives a kill, and leaves a folder that the stock pipeline opens. Toy sizes throughout."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from training import autoencoder, painter
from training.descent import orthogonal
from training.ledger import Average, Ledger
from training.shards import Shards

SIDE = 64

#: diffusers 0.42 hands a tensor to NumPy 2 in a way both still allow.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def write_shard(folder: Path, count: int, seed: int = 0) -> Path:
    """A red or blue square, left or right, on a grey ground; the underdrawing shows it pale."""
    rng = np.random.default_rng(seed)
    targets = np.full((count, SIDE, SIDE, 3), 120, np.uint8)
    underdrawings = targets.copy()
    lines = []
    for row in range(count):
        left = int(rng.integers(0, SIDE - 24))
        colour = (210, 40, 40) if row % 2 else (40, 60, 200)
        targets[row, 20:44, left:left + 24] = colour
        underdrawings[row, 20:44, left:left + 24] = 200
        action = "waves" if row % 2 else "sits"
        lines.append(json.dumps({
            "caption": f"flat wide bedroom day clear . at {left * 10 // SIDE} girl {action} happy",
            "boxes": [[left / SIDE, 20 / SIDE, (left + 24) / SIDE, 44 / SIDE]]}))
    folder.mkdir(parents=True)
    np.save(folder / "targets.npy", targets)
    np.save(folder / "underdrawings.npy", underdrawings)
    (folder / "records.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def tiny_vae() -> autoencoder.FoldedAutoencoder:
    torch.manual_seed(0)
    return autoencoder.FoldedAutoencoder(28, (0, 0, 1, 1), (1, 1, 1, 0))


def tiny_unet() -> object:
    torch.manual_seed(0)
    return painter.make_unet((16, 16, 32), (1, 1, 2), (1, 1, 1), latent_side=SIDE // 8)


def test_a_half_written_shard_is_not_read(tmp_path: Path) -> None:
    write_shard(tmp_path / "shards" / "one", 3)
    half = write_shard(tmp_path / "shards" / "two", 3)
    (half / "records.jsonl").rename(half / "records.part")
    shards = Shards([tmp_path / "shards"])
    assert len(shards) == 3
    (half / "records.part").rename(half / "records.jsonl")
    assert shards.refresh() == 6
    assert shards.boxes(4).shape == (1, 4)


def test_unfolding_is_exact_to_the_borders() -> None:
    folded = tiny_vae().eval()
    whole = folded.unfold().eval()
    pixels = torch.rand(2, 3, SIDE, SIDE + 16) * 2 - 1
    with torch.no_grad():
        latents = folded.encode(pixels)
        assert torch.allclose(latents, whole.encode(pixels).latents, atol=1e-5)
        assert torch.allclose(folded.decode(latents), whole.decode(latents).sample, atol=1e-4)


def test_the_autoencoder_learns_and_resumes_at_the_same_step(tmp_path: Path) -> None:
    shards = Shards([write_shard(tmp_path / "shard", 8)])
    # the first line of the log is the first look
    autoencoder.train(shards, shards, minutes=5, run=tmp_path / "run", batch=4, side=SIDE, max_steps=4, width=28)
    autoencoder.train(shards, shards, minutes=5, run=tmp_path / "run", batch=4, side=SIDE, max_steps=24, width=28)
    looks = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    looks = [look for look in looks if "psnr_db" in look]
    assert [look["step"] for look in looks] == [4, 24]
    assert looks[1]["psnr_db"] > looks[0]["psnr_db"]
    assert (tmp_path / "run" / "samples" / "000024.png").exists()


def test_a_checkpoint_gives_back_step_time_and_weights(tmp_path: Path) -> None:
    model = torch.nn.Linear(3, 3)
    average = Average(model, 0.9)
    ledger = Ledger(tmp_path)
    ledger.step, ledger.seconds = 41, 100.0
    ledger.save({"model": model, "average": average})
    other, again = torch.nn.Linear(3, 3), Ledger(tmp_path)
    assert again.resume({"model": other, "average": Average(other, 0.9)})
    assert (again.step, torch.equal(other.weight, model.weight)) == (41, True)
    assert 100.0 <= again.elapsed_s < 160.0
    assert not Ledger(tmp_path / "new").resume({})


def test_an_orthogonal_update_moves_all_directions_alike() -> None:
    made = orthogonal(torch.randn(12, 40, generator=torch.Generator().manual_seed(0))).float()
    lengths = torch.linalg.svdvals(made)
    assert lengths.min() > 0.5 and lengths.max() < 1.5


def test_every_caption_word_is_known_and_others_are_not() -> None:
    from engine import vocabulary as words
    tokenizer = painter.make_tokenizer()
    for word in (*words.SETTINGS, *words.ACTIONS, *words.PROPS, *words.KINDS, *words.MOODS, ".", "at 7", "to 3"):
        assert tokenizer.unk_token_id not in tokenizer(word).input_ids, word
    assert tokenizer.unk_token_id in tokenizer("zeppelin").input_ids
    assert painter.tokens(tokenizer, ["flat " * 200]).shape == (1, painter.MAX_TOKENS)


def test_the_painter_learns_resumes_and_opens_as_a_stock_pipeline(tmp_path: Path) -> None:
    from diffusers import StableDiffusionInstructPix2PixPipeline
    vae, tokenizer = tiny_vae(), painter.make_tokenizer()
    shards = Shards([write_shard(tmp_path / "shard", 12)])
    latents = painter.Latents(shards, vae, tmp_path / "latents", tokenizer)
    assert len(painter.Latents(shards, vae, tmp_path / "latents", tokenizer)) == 12   # from the files, the second time
    empty = painter.tokens(tokenizer, [""])

    unet, reader = tiny_unet(), painter.make_text_encoder(1)
    before = painter.held_out_loss(unet, reader, latents, empty)
    painter.train(latents, minutes=5, run=tmp_path / "run", batch=4, unet=unet, text_encoder=reader, max_steps=30)
    unet, reader = painter.train(latents, minutes=5, run=tmp_path / "run", batch=4, unet=tiny_unet(),
                                 text_encoder=painter.make_text_encoder(1), max_steps=60)
    assert Ledger(tmp_path / "run").resume({}) and painter.held_out_loss(unet, reader, latents, empty) < 0.9 * before

    factors = painter.rgb_factors(vae, shards)
    revision = painter.export(unet, reader, vae, tokenizer, tmp_path / "out", factors=factors, size_px=SIDE,
                              recipe={"steps": 3, "guidance_scale": 2.0, "image_guidance_scale": 1.2})
    said = json.loads((tmp_path / "out" / "mini.json").read_text())
    assert (said["revision"], said["size_px"], len(said["latent_rgb_factors"])) == (revision, SIDE, 13)
    pipeline = StableDiffusionInstructPix2PixPipeline.from_pretrained(tmp_path / "out", dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    picture = pipeline("flat wide bedroom day clear . at 3 girl waves happy", image=torch.zeros(1, 3, SIDE, SIDE),
                       num_inference_steps=3, guidance_scale=2.0, image_guidance_scale=1.2,
                       generator=torch.Generator().manual_seed(0)).images[0]
    assert picture.size == (SIDE, SIDE) and np.asarray(picture).std() > 0


def test_weights_are_heaviest_on_faces() -> None:
    weight = painter.box_weights(np.array([[0.25, 0.25, 0.75, 1.0]], np.float32), 8).float()
    assert weight[3, 4] > weight[7, 4] > weight[0, 0]
    assert abs(float(weight.mean()) - 1) < 0.01
