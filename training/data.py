"""Reads labelled messages and turns them into what the model sees. Nothing here is loaded by the bot."""

from __future__ import annotations

import json
import re
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from safetybot.detection.classifier import LABELS
from safetybot.detection.detector import Detector
from safetybot.model import Concern, ThreadLine

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled message. `group` keeps near-twins on one side of every split; `source` is its file's stem."""

    id: str
    text: str
    thread: tuple[str, ...]
    language: str
    label: Concern | None
    tags: tuple[str, ...]
    group: str
    source: str
    ordinary: bool = False


def read_rows(paths: Iterable[Path], *, ordinary: bool = False) -> Iterator[Row]:
    """The labelled messages of JSON-lines files."""
    for path in paths:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if not line.strip():
                    continue
                data = json.loads(line)
                yield Row(
                    data["id"],
                    data["text"],
                    tuple(data.get("thread") or ()),
                    data.get("lang", "und"),
                    Concern.from_label(data["label"]),
                    tuple(data.get("tags") or ()),
                    _group(path.stem, data),
                    path.stem,
                    ordinary,
                )


def _group(stem: str, data: Mapping[str, object]) -> str:
    """Scenes recur between languages, so a scene's group leaves the file and a language prefix out."""
    scene = data.get("scene")
    return re.sub(r"^[a-z]{2}-", "", str(scene)) if scene else f"{stem}:{data['id']}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the detector made of the rows."""

    rows: Sequence[Row]
    table: csr_matrix
    """Shape (rows, buckets): hashed features; a row that the gate kept out is empty."""
    passed: npt.NDArray[np.bool_]
    """Shape (rows,): whether the gate let the message through."""
    tiers: npt.NDArray[np.str_]
    """Shape (rows,): a name of `Thresholds`; `hinted` where gated out."""


def see(detector: Detector, rows: Sequence[Row], buckets: int) -> Seen:
    """Run the first stages of `detector` over `rows`; features are hashed at once, since by name they fill memory."""
    values, columns, starts = array("f"), array("i"), array("q", [0])
    passed: list[bool] = []
    tiers: list[str] = []
    mask = buckets - 1
    for row in rows:
        evidence = detector.evidence(row.text, [ThreadLine(line) for line in row.thread])
        passed.append(evidence is not None)
        tiers.append(evidence.tier if evidence else "hinted")
        if evidence is not None:
            for name, value in evidence.features.flat().items():
                columns.append(zlib.crc32(name.encode("utf-8", "replace")) & mask)
                values.append(value)
        starts.append(len(columns))
    table = csr_matrix(
        (np.array(values, dtype=np.float32), np.array(columns, dtype=np.int32), np.array(starts, dtype=np.int64)),
        shape=(len(rows), buckets),
    )
    table.sum_duplicates()
    return Seen(rows, table, np.array(passed), np.array(tiers))


def targets(rows: Sequence[Row]) -> npt.NDArray[np.int64]:
    """Shape (rows,): the index of each row's label in `LABELS`."""
    return np.array([LABELS.index(row.label) for row in rows], dtype=np.int64)
