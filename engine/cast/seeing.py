"""The child process that asks a vision-language model about photos. Started by name: `engine.cast.seeing`.

It reads pictures from stdin, each after its length, loads the model that its argument names, writes the model's answer
to stdout, and ends: no picture and no model outlives the question.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

#: Tokens of context: three pictures, a question and an answer.
CONTEXT = 8192


def ask(pictures: Sequence[bytes], task: dict[str, Any]) -> str:
    """The model's answer about the pictures (PNG), bound to `task["schema"]`. The same question, the same answer.

    Raises `ValueError` for files that are no such models.
    """
    from llama_cpp import LlamaGrammar
    from llama_cpp.llama_chat_format import MTMDChatHandler

    from engine.writers.opening import open_llama

    handler = MTMDChatHandler(clip_model_path=task["projector"], verbose=False)
    llama = open_llama(Path(task["model"]), n_ctx=CONTEXT, n_threads=task["threads"] or None, n_gpu_layers=-1,
                       chat_handler=handler, verbose=False)
    try:
        content: list[dict[str, Any]] = [
            {"type": "image_url",
             "image_url": {"url": "data:image/png;base64," + base64.b64encode(picture).decode("ascii")}}
            for picture in pictures]
        content.append({"type": "text", "text": task["question"]})
        grammar = LlamaGrammar.from_json_schema(json.dumps(task["schema"]), verbose=False)
        answer = llama.create_chat_completion(
            [{"role": "user", "content": content}], grammar=grammar, max_tokens=task["max_tokens"], temperature=0.0,
            seed=7)
    finally:
        llama.close()
    return str(answer["choices"][0]["message"]["content"] or "")


def main(stdin: BinaryIO, stdout: BinaryIO, task: dict[str, Any]) -> int:
    """Reads pictures, answers, returns the exit status."""
    pictures = []
    while length := stdin.read(8):
        pictures.append(stdin.read(int.from_bytes(length, "big")))
    try:
        answer = ask(pictures, task)
    except (ValueError, OSError, RuntimeError):
        return 1
    stdout.write(answer.encode())
    stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer, sys.stdout.buffer, json.loads(sys.argv[1])))
