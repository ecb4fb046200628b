"""The folder of the tantivy index: generations, the pointer to the current one, and locks.

FOLDER/current         {"generation": 2, "schema": 1}, replaced in one step
FOLDER/generation-2/   an index
FOLDER/lock            held for moments, while the pointer is read and changed
FOLDER/rebuild.lock    held by whoever builds the next generation
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConflictError, UnavailableError
from core.search.base import IndexOutdatedError

NOT_WRITTEN = (
    "检索索引没有写成（磁盘可能已满）；这一批没有写入，旧的内容照常可查，腾出空间后会自动再试。"
)
NOT_OPENED = (
    "检索索引打不开（磁盘已满或文件损坏）；数据都在数据库里，没有丢失，"
    "腾出空间后仍打不开就运行 zhisheng index rebuild。"
)


@contextmanager
def translated_errors(message: str = NOT_WRITTEN) -> Iterator[None]:
    """Turn what tantivy and the disk say into ours."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise UnavailableError(message) from error


@dataclass(frozen=True, slots=True)
class Generation:
    number: int
    path: Path


@dataclass(frozen=True, slots=True)
class DraftGeneration:
    generation: Generation
    _publish: Callable[[Generation], None]

    def publish(self) -> None:
        """Make it the one that answers, in one step."""
        self._publish(self.generation)


class IndexFolder:
    def __init__(self, path: Path, *, schema: int) -> None:
        self._path = path
        self._schema = schema

    def current(self) -> Generation:
        """Find the generation that answers, made if there is none; raises IndexOutdatedError."""
        pointer = self._pointer()
        if pointer is None:
            with self._locked("lock"):
                pointer = self._pointer()
                if pointer is None:
                    self._point(1)
                    pointer = (1, self._schema)
        number, schema = pointer
        if schema != self._schema:
            raise IndexOutdatedError(schema, self._schema)
        return self._generation(number)

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Keep others from creating an index in the same place at the same moment."""
        with self._locked("lock"):
            yield

    def state(self) -> tuple[int | None, int | None]:
        """Give the schema and the number of the generation that answers, as far as there is one."""
        pointer = self._pointer()
        return (None, None) if pointer is None else (pointer[1], pointer[0])

    @contextmanager
    def next_generation(self) -> Iterator[DraftGeneration]:
        """Lend an empty generation to fill, removed at the end of the block unless it was published."""
        with self._locked("rebuild.lock", "另一个进程正在重建检索索引，请等它完成。"):
            pointer = self._pointer()
            # The first one is for whoever begins with an empty index meanwhile.
            number = (pointer[0] if pointer else 1) + 1
            generation = self._generation(number)
            # What an interrupted rebuild left behind is of no use.
            shutil.rmtree(generation.path, ignore_errors=True)
            with translated_errors():
                generation.path.mkdir(parents=True)
            try:
                yield DraftGeneration(generation, self._publish)
            finally:
                if self._pointer() != (number, self._schema):
                    shutil.rmtree(generation.path, ignore_errors=True)

    def _publish(self, generation: Generation) -> None:
        with self._locked("lock"), translated_errors():
            self._point(generation.number)
        # The one before may still be read and written for moments; older ones are done with.
        self.remove_before(self._generation(generation.number - 1))

    def remove_before(self, generation: Generation) -> None:
        """Remove the generations that came before this one."""
        for old in range(1, generation.number):
            shutil.rmtree(self._generation(old).path, ignore_errors=True)

    def size(self) -> int:
        total = 0
        for path in self._path.rglob("*"):
            try:
                total += path.stat().st_size
            except FileNotFoundError:  # A merge removes segments at any time.
                continue
        return total

    def _generation(self, number: int) -> Generation:
        return Generation(number, self._path / f"generation-{number}")

    def _pointer(self) -> tuple[int, int] | None:
        try:
            text = (self._path / "current").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        pointer = json.loads(text)
        return int(pointer["generation"]), int(pointer["schema"])

    def _point(self, number: int) -> None:
        self._generation(number).path.mkdir(parents=True, exist_ok=True)
        draft = self._path / "current.new"
        with draft.open("w", encoding="utf-8") as file:
            json.dump({"generation": number, "schema": self._schema}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path / "current")
        # After a power cut the old index must not answer again: it lacks what came since.
        folder = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self, name: str, refusal: str | None = None) -> Iterator[None]:
        self._path.mkdir(parents=True, exist_ok=True)
        with (self._path / name).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if refusal else 0))
            except BlockingIOError:
                raise ConflictError(refusal) from None
            yield
