"""A model hub on this machine, over real HTTP: what repositories hold, their files by commit, and things going wrong.

It speaks the part of the hub's API that pulling needs: a repository's files with sizes and hashes, large files through
a redirect to another address (as the hub does with its content network), small ones at once, ranges, commits.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

#: From this size on a file is kept outside git.
LARGE = 4096


@dataclass
class Hub:
    """The repositories, what was asked for, and what goes wrong next. Changed while it runs."""

    repositories: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)   # name, commit, path
    newest: dict[str, str] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    licence: str = "apache-2.0"
    asked: list[tuple[str, str, str]] = field(default_factory=list)     # method, path, range
    cut_after: dict[str, int] = field(default_factory=dict)     # a file: bytes after which its line breaks, once
    hold_after: dict[str, int] = field(default_factory=dict)    # a file: bytes after which nothing more comes
    damaged: dict[str, int] = field(default_factory=dict)       # a file: so many times it comes with a wrong byte
    lies: dict[str, bytes] = field(default_factory=dict)        # a file: what is listed and given in its place
    status: int = 0                                             # answered to everything
    held: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def put(self, name: str, files: Mapping[str, bytes]) -> str:
        """A new newest commit of a repository. Returns its hash."""
        commit = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        self.repositories.setdefault(name, {})[commit] = dict(files)
        self.newest[name] = commit
        return commit

    def put_folder(self, name: str, folder: Path) -> str:
        """The same with what a folder holds."""
        return self.put(name, {path.relative_to(folder).as_posix(): path.read_bytes()
                               for path in sorted(folder.rglob("*")) if path.is_file()})

    def ranges(self, name: str) -> list[str]:
        """The ranges in which the file of this name was fetched, in order; "" for all of it."""
        return [span for method, path, span in self.asked if method == "GET" and path.endswith(f"/{name}")
                and path.startswith("/network/")]

    # --- the API -----------------------------------------------------------------------------------

    async def info(self, request: web.Request) -> web.StreamResponse:
        name, refusal = self._repository(request)
        if refusal is not None:
            return refusal
        commit = request.match_info.get("revision", self.newest[name])
        commit = self.newest[name] if commit == "main" else commit
        if commit not in self.repositories[name]:
            return _no("RevisionNotFound", 404)
        siblings: list[dict[str, Any]] = []
        for path, content in self.repositories[name][commit].items():
            content = self.lies.get(path, content)
            one: dict[str, Any] = {"rfilename": path}
            if request.query.get("blobs"):
                one |= {"size": len(content),
                        "blobId": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()}
                if len(content) >= LARGE:
                    one["lfs"] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(),
                                  "pointerSize": 134}
            siblings.append(one)
        return web.json_response({"_id": "1", "id": name, "modelId": name, "sha": commit, "private": False, "tags": [],
                                  "siblings": siblings, "cardData": {"license": self.licence}})

    async def resolve(self, request: web.Request) -> web.StreamResponse:
        name, refusal = self._repository(request)
        if refusal is not None:
            return refusal
        commit, path = request.match_info["revision"], request.match_info["path"]
        files = self.repositories[name].get(commit)
        if files is None:
            return _no("RevisionNotFound", 404)
        if path not in files:
            return _no("EntryNotFound", 404)
        content = self.lies.get(path, files[path])
        return web.Response(status=302, headers={
            "Location": f"{self.url}/network/{name}/{commit}/{path}", "X-Repo-Commit": commit,
            "X-Linked-Size": str(len(content)), "X-Linked-ETag": f'"{hashlib.sha256(content).hexdigest()}"'})

    async def network(self, request: web.Request) -> web.StreamResponse:
        self._note(request)
        name = f"{request.match_info['owner']}/{request.match_info['name']}"
        path = request.match_info["path"]
        content = self.lies.get(path, self.repositories[name][request.match_info["revision"]][path])
        if self.damaged.get(path, 0):
            self.damaged[path] -= 1
            content = bytes([content[0] ^ 1]) + content[1:]
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        answer = web.StreamResponse(status=206 if start else 200, headers={
            "Content-Length": str(len(content) - start), "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
            **({"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {})})
        await answer.prepare(request)
        if start < self.hold_after.get(path, 0):
            await answer.write(content[start:self.hold_after[path]])
            self.held.set()
            await asyncio.sleep(3600)      # until whoever fetches is gone
        if path in self.cut_after:
            await answer.write(content[start:self.cut_after.pop(path)])
            assert request.transport is not None
            request.transport.abort()
            return answer
        await answer.write(content[start:])
        return answer

    def _note(self, request: web.Request) -> None:
        self.asked.append((request.method, request.path, request.headers.get("Range", "")))

    def _repository(self, request: web.Request) -> tuple[str, web.Response | None]:
        self._note(request)
        name = f"{request.match_info['owner']}/{request.match_info['name']}"
        if self.status:
            return name, web.Response(status=self.status)
        if name in self.gated:
            return name, _no("GatedRepo", 403)
        return name, None if name in self.repositories else _no("RepoNotFound", 404)


def _no(code: str, status: int) -> web.Response:
    return web.Response(status=status, headers={"X-Error-Code": code, "X-Error-Message": code})


@contextmanager
def a_hub() -> Iterator[Hub]:
    """A hub that listens on this machine, in a thread of its own."""
    hub, loop, ready = Hub(), asyncio.new_event_loop(), threading.Event()
    runner: list[web.AppRunner] = []

    async def start() -> None:
        app = web.Application()
        app.router.add_get("/api/models/{owner}/{name}", hub.info)
        app.router.add_get("/api/models/{owner}/{name}/revision/{revision}", hub.info)
        app.router.add_get("/network/{owner}/{name}/{revision}/{path:.+}", hub.network)
        app.router.add_get("/{owner}/{name}/resolve/{revision}/{path:.+}", hub.resolve)
        runner.append(web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1))
        await runner[0].setup()
        site = web.TCPSite(runner[0], "127.0.0.1", 0)
        await site.start()
        hub.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[union-attr]
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.create_task(start())
        loop.run_forever()
        loop.run_until_complete(runner[0].cleanup())
        loop.close()

    thread = threading.Thread(target=run, name="hub")
    thread.start()
    assert ready.wait(60)
    try:
        yield hub
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
