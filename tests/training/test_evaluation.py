"""The evaluation measures what it says: figures against values worked out by hand, stories that are true, a judge that
learns, and one whole small run."""

from __future__ import annotations

import io
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "engine" / "painters"))
from tiny_unet import save_painter

from engine.mini.scenery import draw_scene
from engine.nouns import CharacterId, Look, PanelBrief, Setting, Underdrawing
from training.evaluation import adapter, clothes, judge, metrics, whole
from training.evaluation.__main__ import QUICK, evaluate
from training.evaluation.adapter import Pairs
from training.evaluation.atelier import Atelier, blank_paper
from training.evaluation.consistent import ConsistentSelfAttention, consistent
from training.evaluation.frames import Frames, least, same_room
from training.evaluation.reading import briefs_of, planned, read_captions
from training.evaluation.stories import CANDIDATES, brief_of, kinship, make_story
from training.evaluation.variants import (
    Painted,
    paint_consistently,
    paint_from_previous,
    paint_with_adapter,
    underdrawings,
)
from training.evaluation.whole import UNCHECKED, WAYS, Shelf, tell, unchecked
from training.world.sampler import is_held_out

#: diffusers 0.42 hands a tensor to NumPy 2 in a way both still allow.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


class Colours:
    """A likeness encoder that goes by mean colour alone."""

    name = "colours"

    def embed(self, pictures: list[bytes]) -> list[list[float]]:
        return [np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float64).mean((0, 1)).tolist()
                for png in pictures]


# --- metrics ---------------------------------------------------------------------------------------

def test_f1_and_frame_accuracy_by_hand() -> None:
    true = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]], bool)
    said = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0]], bool)
    assert metrics.character_f1(said, true) == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))     # 2 hits, 1 missed, 1 too many
    assert metrics.frame_accuracy(said, true) == pytest.approx(1 / 3)
    assert metrics.character_f1(true, true) == metrics.frame_accuracy(true, true) == 1.0
    assert metrics.character_f1(np.zeros((2, 3), bool), np.zeros((2, 3), bool)) == 1.0
    assert math.isnan(metrics.frame_accuracy(np.zeros((0, 3), bool), np.zeros((0, 3), bool)))


def test_the_frechet_distance_of_gaussians_is_the_closed_form() -> None:
    rng = np.random.default_rng(0)
    base = rng.standard_normal((4000, 3))
    base = (base - base.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(base, rowvar=False))).T  # exactly N(0, 1)
    assert metrics.frechet_distance(base, base) == pytest.approx(0, abs=1e-9)
    moved = base * np.array([2.0, 1.0, 3.0]) + np.array([1.0, 0.0, -2.0])
    assert metrics.frechet_distance(base, moved) == pytest.approx(1 + 4 + (2 - 1) ** 2 + (3 - 1) ** 2)
    turn = np.array([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1.0]])
    sheared = moved @ turn @ np.array([[1, 0.5, 0], [0, 1, 0], [0, 0, 1.0]])
    there, back = metrics.frechet_distance(moved, sheared), metrics.frechet_distance(sheared, moved)
    assert there == pytest.approx(back) and there > 0.1


def test_occm_copy_paste_and_self_similarity_by_hand() -> None:
    assert metrics.count_matching(2, 2) == pytest.approx(100)
    assert metrics.count_matching(3, 2) == pytest.approx(100 * math.exp(-0.5), rel=1e-4)
    assert metrics.count_matching(0, 0) == pytest.approx(100)
    assert metrics.count_matching(1, 0) == pytest.approx(100 * math.exp(-1), rel=1e-4)
    used, other = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert metrics.copy_paste(used, used, other) == pytest.approx(1, abs=1e-6)
    assert metrics.copy_paste(np.array([0.6, 0.6]), used, other) == 0
    # softmax of (.51, .5) / .01 is (.731, .269)
    assert metrics.copy_paste(np.array([0.51, 0.5]), used, other) == pytest.approx(2 * 0.7310586 - 1, abs=1e-6)
    assert metrics.self_similarity(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])) == pytest.approx(1 / 3)
    assert math.isnan(metrics.self_similarity(np.array([[1.0, 0.0]])))


def test_the_equal_error_is_where_both_errors_meet() -> None:
    assert metrics.equal_error(np.array([0.8, 0.9]), np.array([0.1, 0.2]))[0] == 0
    rate, threshold = metrics.equal_error(np.array([0.3, 0.7, 0.8, 0.9]), np.array([0.1, 0.2, 0.25, 0.75]))
    assert rate == pytest.approx(0.25)         # 0.3 refused, 0.75 accepted
    assert 0.3 < threshold <= 0.75


def test_the_bootstrap_draws_whole_stories() -> None:
    whole, low, high = metrics.interval([[0.0, 0.0], [1.0, 1.0]], lambda drawn: float(np.concatenate(drawn).mean()))
    assert (whole, low, high) == (0.5, 0.0, 1.0)
    whole, low, high = metrics.interval([[3.0]], lambda drawn: float(np.concatenate(drawn).mean()))
    assert whole == 3.0 and math.isnan(low) and math.isnan(high)


def frames_of(identity: list[list[float]], true: list[list[int]], rooms: list[list[float]],
              room_true: list[int]) -> Frames:
    count, people = np.array(true).shape
    empty = np.zeros((count, 1))
    return Frames(np.array(true, bool), np.zeros(count), np.array(room_true), np.array(true, float),
                  np.array(true, float), np.array(identity), np.zeros((count, people, 2)), np.zeros(count),
                  np.array(rooms), np.zeros(count), empty, np.zeros((people, 2)), np.zeros((people, 2)),
                  np.ones(count), np.zeros(count, bool), np.zeros(people))


def test_least_identity_and_rooms_by_hand() -> None:
    seen = frames_of([[0.9, 0.2], [0.8, 0.6], [0.4, 0.7]], [[1, 0], [1, 1], [1, 1]], [[1, 0], [1, 0], [0, 1]],
                     [5, 5, 5])
    assert least(1)([seen]) == pytest.approx(0.9)          # the stranger's 0.2 does not count
    assert least(2)([seen]) == pytest.approx((0.6 + 0.4) / 2)
    assert math.isnan(least(3)([seen]))
    assert same_room(0.5)([seen]) == pytest.approx(1 / 3)  # of three pairs in the one room, one looks the same


# --- stories ---------------------------------------------------------------------------------------

def test_stories_are_held_out_and_a_longer_one_goes_on_from_a_shorter() -> None:
    story, longer = make_story(3, length=8, count=4), make_story(3, length=30, count=4)
    assert longer.panels[:8] == story.panels and longer.cast == story.cast
    assert all(is_held_out(character.look) for character in story.candidates)
    assert len(story.candidates) == CANDIDATES and len(story.cast) == 4
    truth = longer.truth()
    assert {brief.setting.setting_id for brief in truth[-12:]} & {brief.setting.setting_id for brief in truth[:6]}
    for told, brief in zip(longer.panels, truth, strict=True):
        assert {figure.character_id for figure in brief.figures} == {one.character_id for one in told.beat.cast}
        assert 1 <= len(brief.figures) <= 4


def test_pronouns_stand_for_names_and_only_some() -> None:
    stories = [make_story(number, length=40, count=number % 4 + 1) for number in range(6)]
    mentions = sum(told.mentions for story in stories for told in story.panels)
    replaced = sum(told.replaced for story in stories for told in story.panels)
    assert 0.25 < replaced / mentions < 0.75
    for story in stories:
        for told in story.panels:
            assert (told.named == told.pronouns) == (told.replaced == 0)


@pytest.mark.parametrize("text", ["named", "pronouns"])
def test_captions_are_read_back_as_they_were_meant(text: str) -> None:
    right = total = rooms = 0
    for number in range(8):
        story = make_story(number, length=30, count=number % 4 + 1)
        captions = [getattr(told, text) for told in story.panels]
        for told, beat, brief, true in zip(story.panels, read_captions(story, captions), planned(story, captions),
                                           story.truth(), strict=True):
            total += 1
            right += {one.character_id for one in beat.cast} == {one.character_id for one in told.beat.cast}
            rooms += brief.setting == true.setting
    assert right / total > (0.999 if text == "named" else 0.97)
    assert rooms == total


def test_a_reader_of_captions_knows_nothing_of_later_ones() -> None:
    story = make_story(2, length=6, count=3)
    captions = [told.pronouns for told in story.panels]
    assert read_captions(story, captions)[:3] == read_captions(story, captions[:3])


# --- the judge -------------------------------------------------------------------------------------

def tiny_judge() -> judge.JudgeNet:
    torch.manual_seed(0)
    return judge.JudgeNet((8, 16, 16), size=16, room=8)


def test_the_judge_learns_resumes_and_comes_back_from_disk(tmp_path: Path) -> None:
    judge.collect(tmp_path / "pictures", panels=12, families=6, seed=1)
    judge.collect(tmp_path / "pictures", panels=99, families=6, seed=2)            # complete: left as it is
    album = judge.Album(tmp_path / "pictures")
    assert album.panels.shape == (12, 128, 128, 3) and album.avatars.shape == (12, 64, 64, 3)
    batch = judge.batch_of(album, album.draw(np.random.default_rng(0), 6), np.random.default_rng(0))
    assert batch.present.any(1).sum() >= 4 and not (batch.present & batch.double).any()

    net = tiny_judge()
    before = {name: float(loss.detach()) for name, loss in judge.loss_of(net, batch).items()}
    net = judge.train(album, minutes=5, run=tmp_path / "run", batch=6, max_steps=16, net=net)
    after = {name: float(loss.detach()) for name, loss in judge.loss_of(net, batch).items()}
    assert sum(after.values()) < 0.9 * sum(before.values())
    resumed = judge.train(album, minutes=5, run=tmp_path / "run", batch=6, max_steps=16, net=tiny_judge())
    assert all(torch.equal(one, other) for one, other in zip(resumed.parameters(), net.parameters(), strict=True))
    calibration = judge.calibrated(net, album, candidates=4)
    assert torch.isfinite(calibration).all() and calibration.shape == (4,)
    judge.export(net, calibration, tmp_path / "judge.safetensors", steps=16)
    again = judge.Judge.read(tmp_path / "judge.safetensors")
    assert again.facts["steps"] == "16"
    who = again.characters([Image.fromarray(avatar) for avatar in album.avatars[:3]])
    reading = again.read_panels([Image.fromarray(panel) for panel in album.panels[:2]], who)
    assert reading.presence.shape == reading.identity.shape == (2, 3)
    assert reading.found.shape == (2, 3, 16) and reading.room.shape == (2, 8) and reading.features.shape == (2, 16)
    assert ((reading.presence >= 0) & (reading.presence <= 1)).all()
    assert np.linalg.norm(reading.found, axis=2) == pytest.approx(1, abs=1e-4)
    with pytest.raises(FileNotFoundError):
        judge.Judge.read(tmp_path / "nowhere.safetensors")


def test_attention_sums_to_one_and_follows_the_character() -> None:
    net = tiny_judge()
    seen = torch.zeros(1, 16, 16, 16)
    characters = torch.nn.functional.normalize(net.place.weight[:, :, 0, 0].sum(1), dim=0)[None]
    seen[0, :, 4, 9] = 10.0                # one place that answers to this very vector
    with torch.no_grad():
        net.place.bias.zero_()
        attention, found, said, scores = net.who(seen, characters)
    assert attention.sum(2) == pytest.approx(torch.ones(1, 1))
    assert int(attention.argmax()) == 4 * 16 + 9
    assert found.shape == (1, 1, 16) and said.shape == (1, 1) and scores.shape == (1, 1, 2)


def test_a_double_differs_in_what_was_asked() -> None:
    from dataclasses import fields
    from random import Random

    from training.world.sampler import sample_look
    for seed in range(60):
        look = sample_look(Random(seed), held_out=True)
        double = judge.altered(look, Random(seed), 2)
        changed = [one.name for one in fields(look) if getattr(look, one.name) != getattr(double, one.name)]
        assert len(changed) == 2


# --- the other methods -----------------------------------------------------------------------------

@pytest.fixture(scope="module")
def tiny_painter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_painter(tmp_path_factory.mktemp("painter"), steps=2)


def test_consistent_attention_reads_what_the_first_panels_wrote(tiny_painter: Path, tmp_path: Path) -> None:
    atelier = Atelier(tmp_path, tiny_painter)
    before = dict(atelier.pipeline.unet.attn_processors)
    story = make_story(1, length=6, count=2)
    briefs = story.truth()
    painted = paint_consistently(atelier, briefs)
    assert len(painted) == 6 and atelier.painted == 6
    assert dict(atelier.pipeline.unet.attn_processors) == before           # put back
    again = Atelier(tmp_path, tiny_painter)
    assert [one.png for one in paint_consistently(again, briefs)] == [one.png for one in painted]
    assert again.painted == 0
    with consistent(atelier.pipeline.unet) as bank:
        layers = [one for one in atelier.pipeline.unet.attn_processors.values()
                  if isinstance(one, ConsistentSelfAttention)]
        attn = next(block.attn1 for block in atelier.pipeline.unet.modules() if hasattr(block, "attn1"))
        hidden = torch.randn(2, 5, attn.query_dim)
        bank.begin(panels=2, writing=True, seed=1)
        written = layers[0](attn, hidden)
        bank.begin(panels=1, writing=False, seed=1)
        alone = attn.get_processor().__class__.__mro__[1]()(attn, hidden[:1])
        assert written.shape == hidden.shape
        assert not torch.allclose(layers[0](attn, hidden[:1]), alone)      # it sees more than itself


def test_the_adapter_is_heard_only_inside_its_box(tiny_painter: Path, tmp_path: Path) -> None:
    pipeline = adapter.opened_pipeline(tiny_painter)
    pairs = Pairs(pipeline, tmp_path / "pairs.pt", count=6)
    frozen = {name: value.clone() for name, value in pipeline.unet.state_dict().items()}
    adapter.train(pipeline, pairs, minutes=5, run=tmp_path / "run", batch=3, max_steps=3)
    for name, value in frozen.items():
        assert torch.equal(pipeline.unet.state_dict()[name], value), name  # only the adapter learned
    adapter.export(pipeline.unet, tmp_path / "adapter.safetensors", steps=3, minutes=0.1)
    weights, facts = adapter.read(tmp_path / "adapter.safetensors")
    assert facts["steps"] == "3"
    assert any(float(value.abs().max()) > 0 for name, value in weights["ip_adapter"].items() if "to_v" in name)

    atelier = Atelier(tmp_path / "pictures", tiny_painter)
    adapter.attach(atelier.pipeline.unet, weights)
    story = make_story(1, length=2, count=2)
    briefs = story.truth()
    unet = atelier.pipeline.unet
    sample, words = torch.randn(1, 2 * unet.config.out_channels, 16, 16), torch.randn(1, 4, 32)
    one = torch.randn(1, pairs.avatars.shape[1])
    with torch.no_grad():
        said = []
        for mask in (torch.zeros(1, 16, 16), torch.ones(1, 16, 16)):
            with adapter.attending(unet, one * 3, mask):
                said.append(unet(sample, 500, encoder_hidden_states=words, return_dict=False)[0])
            assert "forward" not in unet.__dict__
    assert not torch.equal(said[0], said[1])
    painted = paint_with_adapter(atelier, briefs, story.cast, underdrawings(briefs, size_px=atelier.size_px), "toy")
    assert [opened.png[:4] for opened in painted] == [b"\x89PNG"] * 2


def test_the_previous_panel_is_what_the_next_is_painted_over(tiny_painter: Path, tmp_path: Path) -> None:
    atelier = Atelier(tmp_path, tiny_painter)
    briefs = make_story(0, length=3, count=1).truth()
    panels = paint_from_previous(atelier, briefs)
    from engine.nouns import Underdrawing
    from engine.planning import stable_seed
    expected = atelier.paint(briefs[2], Underdrawing(panels[1].png, ()), seed=stable_seed(briefs[2].panel_id, 1, 0),
                             from_noise=True)
    assert panels[2].png == expected
    blank = atelier.paint(briefs[2], blank_paper(atelier.size_px), seed=stable_seed(briefs[2].panel_id, 1, 0),
                          from_noise=True)
    assert panels[2].png != blank


# --- the engine, whole and in parts ----------------------------------------------------------------

def test_a_story_is_told_by_the_engine_as_it_was_planned(tiny_painter: Path, tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    story = make_story(2, length=4, count=3)
    beats = read_captions(story, [told.pronouns for told in story.panels])
    asked: list[PanelBrief] = []
    drawings: list[bytes] = []
    plain = Atelier.paint

    def paint(self: Atelier, brief: PanelBrief, underdrawing: Underdrawing, **more: object) -> bytes:
        if not brief.is_plate:
            asked.append(brief)
            drawings.append(underdrawing.png)
        return plain(self, brief, underdrawing, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Atelier, "paint", paint)
    atelier = Atelier(tmp_path, tiny_painter)
    (panels,) = tell([(story, beats)], UNCHECKED, atelier, Colours())
    assert [one.attempts for one in panels] == [1] * 4
    for brief, true, one in zip(asked, briefs_of(story, beats), panels, strict=True):
        assert (brief.words, brief.setting, brief.time_of_day) == (true.words, true.setting, true.time_of_day)
        assert [(figure.name, figure.place, figure.action) for figure in brief.figures] == [
            (figure.name, figure.place, figure.action) for figure in true.figures]
        assert {who for who, _ in one.boxes} == {figure.character_id for figure in true.figures}
    laid = {"unchecked": list(drawings)}
    for name in ("no plate", "no cast", "no layout"):
        drawings.clear()
        (others,) = tell([(story, beats)], WAYS[name], atelier, Colours())
        laid[name] = [drawings[0], *drawings[1:]]
        assert all(one != other for one, other in zip(laid[name], laid["unchecked"], strict=False)), name
        assert bool(others[0].boxes) == (name != "no cast")
    paper = np.asarray(Image.open(io.BytesIO(laid["no plate"][0])))
    assert (paper == np.array([206, 203, 197])).all(2).mean() > 0.3, "blank paper where nobody stands"


def test_the_check_repaints_once(tiny_painter: Path, tmp_path: Path) -> None:
    class Disappointed(Colours):
        """Knows every avatar, and nobody in a panel."""

        def embed(self, pictures: list[bytes]) -> list[list[float]]:
            return [[1.0, 0.0] if Image.open(io.BytesIO(png)).mode == "RGBA" else [0.0, 1.0] for png in pictures]

    story = make_story(0, length=2, count=1)
    beats = read_captions(story, [told.named for told in story.panels])
    atelier = Atelier(tmp_path, tiny_painter)
    (checked,), (plain,) = (tell([(story, beats)], way, atelier, Disappointed()) for way in (WAYS["engine"], UNCHECKED))
    assert [one.attempts for one in checked] == [2, 2] and [one.attempts for one in plain] == [1, 1]
    assert [one.png for one in unchecked(checked)] == [one.png for one in plain], "what was painted first"


def test_what_was_told_is_not_told_again(tiny_painter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    atelier, story = Atelier(tmp_path / "pictures", tiny_painter), make_story(0, length=2, count=1)
    beats = read_captions(story, [told.named for told in story.panels])
    first = Shelf(tmp_path / "told").told(story, beats, "engine", atelier, Colours())
    with monkeypatch.context() as patched:
        patched.setattr(whole, "tell", None)
        shelf = Shelf(tmp_path / "told")
        assert shelf.told(story, beats, "engine", atelier, Colours()) == first
        assert shelf.told(story, beats[:1], "engine", atelier, Colours()) == first[:1]
        other = Colours()
        other.name = "others"
        with pytest.raises(TypeError):         # another likeness encoder: to be told anew
            Shelf(tmp_path / "told").told(story, beats, "engine", atelier, other)
    assert len(list((tmp_path / "told").iterdir())) == 1


# --- clothes ---------------------------------------------------------------------------------------

def test_clothes_are_read_from_captions_as_they_are_told() -> None:
    figures = 0
    for number in range(4):
        story = clothes.make_clothes_story(number)
        beats = clothes.read_clothes(story.told)
        for told, beat in zip(story.told.panels, beats, strict=True):
            assert [(one.character_id, dict(one.wears)) for one in told.beat.cast] == [
                (one.character_id, dict(one.wears)) for one in beat.cast], told.named
            figures += len(beat.cast)
        assert any(one.wears for beat in beats for one in beat.cast)
        assert not any(one.wears for beat in clothes.without_wardrobe(beats) for one in beat.cast)
        briefs = clothes.true_briefs(story)
        for brief, worn in zip(briefs, story.worn, strict=True):
            for figure in brief.figures:
                garment = dict(story.garments[figure.character_id])
                assert (figure.look.outfit, figure.look.outfit_colour) == (
                    (garment["outfit"], garment["outfit_colour"]) if figure.character_id in worn else
                    (story.told.by_id[figure.character_id].look.outfit,
                     story.told.by_id[figure.character_id].look.outfit_colour))
        parts = [set(part.values()) for part in story.parts()]
        assert parts[0] == {clothes.PARTS[0]} and clothes.PARTS[2] in parts[-1]
    assert figures >= 40


def test_true_pictures_wear_what_they_should_and_others_do_not() -> None:
    story = clothes.make_clothes_story(0, length=6)
    own = judge.Judge(tiny_judge())
    drawn = [draw_scene(brief)[0] for brief in clothes.true_briefs(story)]
    right = clothes.look_at(own, story, [Painted(_png(picture)) for picture in drawn])
    assert all(one.by_colour for one in right)
    known: list[Setting] = []
    bare = [brief_of(story.told.story, index, replace(told.beat, cast=tuple(
        replace(member, wears=()) for member in told.beat.cast)), story.told.by_id, known)
        for index, told in enumerate(story.told.panels)]
    wrong = clothes.look_at(own, story, [Painted(_png(draw_scene(brief)[0])) for brief in bare])
    assert all(one.by_colour == (one.part != clothes.PARTS[1]) for one in wrong)
    assert any(not one.by_colour for one in wrong)
    shares = clothes.shares(right)
    assert shares["all"][2] == len(right) and shares["all"][1] == 1.0


def test_one_figure_is_one_person() -> None:
    alone = torch.tensor([[0.9, 0.8, 0.7, 0.6]])
    spot = torch.tensor([[[0.2, 0.5], [0.25, 0.6], [0.6, 0.5], [0.2, 0.9]]])
    assert judge.one_figure_each(alone, spot).tolist() == [pytest.approx([0.9, 0.0, 0.7, 0.6])]
    # whoever gave way to somebody does not make a third give way
    chain = torch.tensor([[[0.2, 0.5], [0.27, 0.5], [0.34, 0.5], [0.9, 0.5]]])
    assert judge.one_figure_each(alone, chain).tolist() == [pytest.approx([0.9, 0.0, 0.7, 0.6])]


def test_kinship_is_the_share_of_what_can_be_seen() -> None:
    one = Look(kind="girl")
    assert kinship(one, one) == 1.0
    assert 0.8 < kinship(one, replace(one, outfit_colour="green")) < kinship(one, replace(one, glasses="round")) < 1
    assert kinship(one, Look(kind="dragon", outfit="bare", outfit_colour="black", fur="green")) < 0.5


# --- the whole -------------------------------------------------------------------------------------

def test_one_small_run_from_captions_to_the_page(tiny_painter: Path, tmp_path: Path) -> None:
    judge.export(tiny_judge(), torch.tensor([1.0, 0, 0, 0]), tmp_path / "judge.safetensors", steps=0)
    places = {"work": tmp_path / "work", "page": tmp_path / "docs" / "evaluation.md", "painter": tiny_painter,
              "judge_path": tmp_path / "judge.safetensors", "adapter_path": tmp_path / "none.safetensors",
              "likeness": Colours()}
    results = evaluate(QUICK, **places)
    assert results is not None
    page = (tmp_path / "docs" / "evaluation.md").read_text()
    for words in ("## Targets", "## Side by side", "consistent self-attention", "not run", "## In length", "pronoun",
                  "## What each part is worth", "## Clothes", "engine without a wardrobe", "each alone"):
        assert words in page
    assert (tmp_path / "docs" / "pictures" / "evaluation" / "side-by-side.jpg").stat().st_size > 1000
    assert set(results.side) == {"truth", "unchecked", *WAYS, "consistent", "previous", "words"}
    assert set(results.long) == {"truth", "named", "pronouns", "unchecked"}
    assert set(results.clothes) == {"truth", "engine", "no wardrobe"} and len(results.clothes["engine"]) >= 5
    assert [len(one) for one in results.side["engine"]] == [2, 2] and len(results.long["pronouns"][0]) == 3
    assert CharacterId("c1") in {character.character_id for character in QUICK.told[0].cast}
    kept = len(list((tmp_path / "work" / "pictures").glob("*.png")))
    assert evaluate(QUICK, **places, only=("words", "no plate")) is None
    assert len(list((tmp_path / "work" / "pictures").glob("*.png"))) == kept, "found again, not painted twice"
