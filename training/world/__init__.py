"""The training world: sampled briefs, their true pictures, and the underdrawings the painter learns to paint over.

A shard is a folder with three files, `records.jsonl` written last, so that a folder which has it is complete:

- `targets.npy`: uint8 (N, 256, 256, 3), the true picture of each brief (`engine.mini.scenery.draw_scene`);
- `underdrawings.npy`: uint8 (N, 256, 256, 3), what memory would lay out (`engine.memory.underdrawing.compose`);
- `records.jsonl`: one line each, in the same order: `caption` (`engine.prompting.mini_caption`), `boxes`
  (`[[left, top, right, bottom], ...]`, fractions of the picture, what is drawn of each figure in the order of
  `brief.figures`), `underdrawing` (how the underdrawing was made: a word of `WAYS`), `missing` (indices of the figures
  the underdrawing lacks), `brief` (the `PanelBrief` as JSON; `brief_from` reads it back).

`python -m training.world --count N --out DIR --workers W --seed S` writes the shards `DIR/shard-SEED-00000`, ... of
a thousand pairs each; shards already complete are kept, so an interrupted run goes on. `--held-out` draws characters
and places never met in training. `--sheet FILE` writes a contact sheet. Pair i of seed S is the same on every machine
and with any number of workers.
"""

from training.world.pairs import POSED, WAYS, Pair, render_pair
from training.world.sampler import is_held_out, sample_brief, sample_look
from training.world.shards import brief_from, write_shards

__all__ = [
    "POSED", "WAYS", "Pair", "brief_from", "is_held_out", "render_pair", "sample_brief", "sample_look", "write_shards"]
