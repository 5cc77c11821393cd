"""The last good value stays in force while files go bad, vanish or are half-written, and gives way when they mend."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetybot.config import LastGood, Refreshed
from safetybot.documents import InvalidDocument, read_yaml

UNCHANGED = Refreshed(changed=False)
CHANGED = Refreshed(changed=True)


class Folder:
    """A folder of YAML files, loaded as one mapping; counts how often."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.loads = 0
        self.write("a", "x: 1\n")

    def write(self, name: str, text: str) -> None:
        (self.path / f"{name}.yaml").write_text(text)

    def files(self) -> list[Path]:
        return list(self.path.glob("*.yaml"))

    def load(self) -> dict[str, object]:
        self.loads += 1
        merged: dict[str, object] = {}
        for path in sorted(self.files()):
            merged |= read_yaml(path).data
        return merged


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def kept(folder: Folder) -> LastGood[dict[str, object]]:
    return LastGood(folder.load, folder.files)


def settled(kept: LastGood[dict[str, object]]) -> Refreshed:
    """The second look, when the files have held still."""
    assert kept.refresh() == UNCHANGED
    return kept.refresh()


Kept = LastGood[dict[str, object]]


def test_what_loads_at_first_is_in_force(kept: Kept) -> None:
    assert kept.value == {"x": 1}
    assert kept.refresh() == UNCHANGED


def test_nothing_is_in_force_if_the_first_load_fails(folder: Folder) -> None:
    folder.write("a", "x: [\n")
    with pytest.raises(InvalidDocument):
        LastGood(folder.load, folder.files)


def test_a_change_is_taken_once_the_files_hold_still(kept: Kept, folder: Folder) -> None:
    folder.write("a", "x: 2\n")
    assert kept.refresh() == UNCHANGED
    folder.write("a", "x: 3\n")
    assert kept.refresh() == UNCHANGED
    assert kept.value == {"x": 1}
    assert kept.refresh() == CHANGED
    assert kept.value == {"x": 3}
    assert kept.refresh() == UNCHANGED


def test_a_new_file_is_taken(kept: Kept, folder: Folder) -> None:
    folder.write("b", "y: 2\n")
    assert settled(kept) == CHANGED
    assert kept.value == {"x": 1, "y": 2}


def test_a_bad_file_leaves_the_last_good_value_and_is_told_once(kept: Kept, folder: Folder) -> None:
    folder.write("a", "x: 2\nx: 3\n")
    seen = settled(kept)
    assert not seen.changed
    assert [(p.line, p.reason) for p in seen.problems] == [(2, "the key `x` stands twice")]
    assert kept.value == {"x": 1}
    assert [kept.refresh() for _ in range(5)] == [UNCHANGED] * 5
    assert folder.loads == 2


def test_another_fault_is_told_again(kept: Kept, folder: Folder) -> None:
    folder.write("a", "x: [\n")
    assert settled(kept).problems
    folder.write("a", "x: {\n")
    assert settled(kept).problems


def test_a_mended_file_comes_into_force(kept: Kept, folder: Folder) -> None:
    folder.write("a", "x: [\n")
    assert settled(kept).problems
    folder.write("a", "x: 2\n")
    assert settled(kept) == CHANGED
    assert kept.value == {"x": 2}


def test_undoing_a_bad_change_ends_the_problem_without_loading_anew(kept: Kept, folder: Folder) -> None:
    folder.write("a", "x: [\n")
    assert settled(kept).problems
    folder.write("a", "x: 1\n")
    assert settled(kept) == CHANGED
    assert folder.loads == 2


def test_a_half_written_file_is_left_to_the_next_look(kept: Kept, folder: Folder) -> None:
    folder.write("a", "x: 2\ny: [1, 2")
    assert kept.refresh() == UNCHANGED
    folder.write("a", "x: 2\ny: [1, 2, 3]\n")
    assert settled(kept) == CHANGED
    assert kept.value == {"x": 2, "y": [1, 2, 3]}
    assert folder.loads == 2


def test_a_file_that_vanishes_leaves_the_last_good_value_and_is_told_once(kept: Kept, folder: Folder) -> None:
    folder.write("b", "y: 2\n")
    assert settled(kept) == CHANGED
    (folder.path / "b.yaml").unlink()
    seen = settled(kept)
    assert [str(p) for p in seen.problems] == [
        f"{folder.path / 'b.yaml'}: the file is gone. Hint: put it back, or restart to run without it."
    ]
    assert kept.value == {"x": 1, "y": 2}
    assert kept.refresh() == UNCHANGED


def test_a_file_that_comes_back_comes_into_force(kept: Kept, folder: Folder) -> None:
    (folder.path / "a.yaml").unlink()
    assert settled(kept).problems
    folder.write("a", "x: 7\n")
    assert settled(kept) == CHANGED
    assert kept.value == {"x": 7}


def test_a_watched_file_may_come_into_being_later(tmp_path: Path) -> None:
    path = tmp_path / "later.yaml"
    kept = LastGood(lambda: read_yaml(path).data if path.exists() else None, lambda: [path])
    assert kept.value is None
    path.write_text("x: 1\n")
    assert kept.refresh() == UNCHANGED
    assert kept.refresh() == CHANGED
    assert kept.value == {"x": 1}


def test_a_whole_folder_that_vanishes_is_told_file_by_file(kept: Kept, folder: Folder) -> None:
    folder.write("b", "y: 2\n")
    assert settled(kept) == CHANGED
    for path in folder.files():
        path.unlink()
    folder.path.rmdir()
    assert len(settled(kept).problems) == 2
    assert kept.value == {"x": 1, "y": 2}


def test_a_file_that_may_no_longer_be_read_is_told(kept: Kept, folder: Folder) -> None:
    (folder.path / "a.yaml").unlink()
    (folder.path / "a.yaml").mkdir()
    seen = settled(kept)
    assert [p.reason for p in seen.problems] == ["cannot be read: Is a directory"]
    assert kept.value == {"x": 1}


@pytest.mark.parametrize("failure", [ValueError("damaged"), OSError("disk on fire")])
def test_a_loader_that_fails_otherwise_is_told_with_the_file_that_changed(failure: Exception, tmp_path: Path) -> None:
    steady, model = tmp_path / "a.yaml", tmp_path / "model.bin"
    steady.write_text("x: 1\n")
    model.write_bytes(b"good")

    def load() -> bytes:
        if model.read_bytes() != b"good":
            raise failure
        return b"good"

    kept = LastGood(load, lambda: [steady, model])
    model.write_bytes(b"bad")
    assert kept.refresh() == UNCHANGED
    (problem,) = kept.refresh().problems
    assert (problem.file, problem.reason) == (str(model), str(failure))
    assert kept.value == b"good"


def test_a_bug_in_the_loader_is_not_hidden(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("1")

    def load() -> int:
        if path.read_text() != "1":
            raise TypeError("a bug")
        return 1

    kept = LastGood(load, lambda: [path])
    path.write_text("2")
    kept.refresh()
    with pytest.raises(TypeError, match="a bug"):
        kept.refresh()


def test_a_change_during_the_first_load_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("x: 1\n")

    def load() -> object:
        data = read_yaml(path).data
        if data == {"x": 1}:
            path.write_text("x: 2\n")
        return data

    kept = LastGood(load, lambda: [path])
    assert kept.value == {"x": 1}
    assert kept.refresh() == UNCHANGED
    assert kept.refresh() == CHANGED
    assert kept.value == {"x": 2}


def test_a_change_of_the_same_length_within_the_same_clock_tick_is_seen(kept: Kept, folder: Folder) -> None:
    path = folder.path / "a.yaml"
    before = path.stat()
    path.write_text("x: 9\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert settled(kept) == CHANGED
    assert kept.value == {"x": 9}


def test_a_touched_file_is_not_loaded_again(kept: Kept, folder: Folder) -> None:
    os.utime(folder.path / "a.yaml", (1, 1))
    assert settled(kept) == UNCHANGED
    assert folder.loads == 1


def test_files_that_hold_still_are_not_read_again(kept: Kept, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []
    real: Callable[[Path], bytes] = Path.read_bytes

    def counted(path: Path) -> bytes:
        reads.append(path)
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    monkeypatch.setattr("safetybot.config.last_good.time.time", lambda: (folder.path / "a.yaml").stat().st_ctime + 60)
    kept.refresh()
    assert len(reads) == 1
    kept.refresh()
    kept.refresh()
    assert len(reads) == 1


@given(st.lists(st.sampled_from(["x: 1\n", "x: 2\n", "x: [", "gone", "look"]), max_size=12))
def test_whatever_happens_the_value_is_one_that_loaded_well(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    folder = Folder(tmp_path_factory.mktemp("steps"))
    kept = LastGood(folder.load, folder.files)
    for step in steps:
        if step == "gone":
            (folder.path / "a.yaml").unlink(missing_ok=True)
        elif step != "look":
            folder.write("a", step)
        kept.refresh()
        assert kept.value in ({"x": 1}, {"x": 2})
    folder.write("a", "x: 2\n")
    for _ in range(2):
        kept.refresh()
    assert kept.value == {"x": 2}
