"""The embedded store's file is whole whenever nobody has it open, for whoever may read it, and never mixed up."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unittest import mock

import pytest

from registry_dagster.errors import AccessDenied, RegistryError, RegistryUnavailable
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.lite.file import LiteFile
from registry_dagster.stores.lite.store import LiteStore
from registry_dagster.stores.open import back_up
from tests.registry.declared import declared, facts

ROOT = Path(__file__).parents[3]
PUBLISH = """
import sys
from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts

path, name, number, how = sys.argv[1:]
registry = Registry.open(f"lite://{path}", publisher="ada@lab.org")
print(registry.publish(declared(name), facts(int(number)), message="why").version, flush=True)
if how == "wait":
    sys.stdin.readline()
if how != "leave":
    registry.close()
"""
READ = """
import sys
from registry_dagster.registry.registry import Registry

with Registry.open(f"lite://{sys.argv[1]}") as registry:
    print(*(each.name for each in registry.datasets()), flush=True)
    if len(sys.argv) > 2:
        sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


def publish(path: Path, name: str, number: int = 1) -> None:
    with Registry(LiteStore(path), publisher="ada@lab.org") as registry:
        registry.publish(declared(name), facts(number), message="why")


def names(path: Path) -> list[str]:
    with Registry(LiteStore(path)) as registry:
        return sorted(each.name for each in registry.datasets())


def beside(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir() if each != path)


BECOME = """
import os, tempfile
from pathlib import Path
from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts

with tempfile.TemporaryDirectory() as folder, Registry.open(f"lite://{folder}/r.db", publisher="ada@lab.org") as warm:
    # What is imported late is imported now: the other user may not be allowed to read Python's own folder.
    warm.publish(declared("lab.warm"), facts(1), message="why")
    list(warm.datasets())
os.setgroups([])
os.setgid(LAB)
os.setuid(USER)
os.umask(UMASK)
"""


def process(program: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(running: subprocess.Popen[str]) -> str:
    """What a process prints, once it has ended well."""
    out, err = running.communicate("\n", timeout=120)
    assert running.returncode == 0, err
    return out.strip()


@pytest.fixture
def publishing(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has published `lab.theirs` and keeps the file open."""
    running = process(PUBLISH, str(path), "lab.theirs", "7", "wait")
    assert running.stdout is not None
    assert running.stdout.readline().strip() == "lab.theirs@v1"
    yield running
    running.kill()
    running.communicate()


def test_a_copy_of_a_closed_registry_holds_all_that_was_published(path: Path, tmp_path: Path) -> None:
    for number, name in enumerate(("lab.a", "lab.b", "lab.c", "lab.d")):
        publish(path, name, number)
    assert beside(path) == []
    copy = Path(shutil.copy(path, tmp_path / "copy.db"))
    assert names(copy) == ["lab.a", "lab.b", "lab.c", "lab.d"]


def test_a_registry_that_nobody_closed_is_whole_when_its_process_ends(path: Path) -> None:
    assert said(process(PUBLISH, str(path), "lab.a", "1", "leave")) == "lab.a@v1"
    assert beside(path) == []
    assert names(path) == ["lab.a"]


def test_the_last_of_two_to_close_leaves_the_file_whole(path: Path, publishing: subprocess.Popen[str]) -> None:
    with Registry(LiteStore(path), publisher="ada@lab.org") as registry:
        registry.publish(declared("lab.ours"), facts(1), message="why")
        said(publishing)
        assert names(path) == ["lab.ours", "lab.theirs"]
    assert beside(path) == []
    copy = Path(shutil.copy(path, path.with_name("copy.db")))
    assert names(copy) == ["lab.ours", "lab.theirs"]


def test_what_a_killed_process_left_beside_the_file_is_told_and_settled_by_the_next_publish(
    path: Path, publishing: subprocess.Popen[str]
) -> None:
    publishing.send_signal(signal.SIGKILL)
    publishing.wait()
    assert "beside the file, not in it yet" in LiteStore(path).about()["log"]
    assert names(path) == ["lab.theirs"]
    publish(path, "lab.ours")
    assert beside(path) == []
    assert LiteStore(path).about()["log"] == "none pending; the file is whole"


def test_a_copy_made_while_the_file_was_in_use_says_that_its_log_is_missing(
    path: Path, publishing: subprocess.Popen[str], caplog: pytest.LogCaptureFixture
) -> None:
    copy = Path(shutil.copy(path, path.with_name("copy.db")))
    said(publishing)
    assert names(copy) == []
    assert "what was published last is missing" in LiteStore(copy).about()["log"]
    assert "a log lies beside it, and there is none" in caplog.text
    assert beside(path) == ["copy.db"]


@pytest.mark.parametrize(
    ("look", "seen"),
    [(names, ["lab.theirs"]), (lambda path: LiteFile(path, 1.0).log(), "none pending; the file is whole")],
    ids=["a reader", "the doctor"],
)
def test_what_the_last_to_close_leaves_for_an_instant_is_not_taken_for_a_missing_log(
    path: Path,
    tmp_path: Path,
    publishing: subprocess.Popen[str],
    caplog: pytest.LogCaptureFixture,
    look: Callable[[Path], object],
    seen: object,
) -> None:
    """SQLite deletes the log before it writes into the file that there is none."""
    closing = Path(shutil.copy(path, tmp_path / "closing.db"))
    said(publishing)

    def closed(_: float) -> None:
        shutil.copy(path, closing)

    with mock.patch.object(time, "sleep", closed):
        assert look(closing) == seen
    assert caplog.text == ""


def test_a_backup_copied_over_a_file_in_use_is_not_mixed_with_the_log_that_is_left(path: Path) -> None:
    publish(path, "lab.good")
    made = back_up(f"lite://{path}", path.with_name("backup.db"))
    killed = process(PUBLISH, str(path), "lab.mistake", "7", "wait")
    assert killed.stdout is not None
    assert killed.stdout.readline().strip() == "lab.mistake@v1"
    killed.kill()
    killed.communicate()
    restored = shutil.copy(made.path, path)
    for attempt in (lambda: names(path), lambda: publish(path, "lab.more")):
        with pytest.raises(RegistryError, match=r"registry\.db-wal is the log of another file.*delete"):
            attempt()
    for suffix in ("-wal", "-shm"):
        Path(f"{restored}{suffix}").unlink()
    assert names(path) == ["lab.good"]


def test_a_restored_backup_stands(path: Path, tmp_path: Path) -> None:
    publish(path, "lab.good")
    made = back_up(f"lite://{path}", tmp_path / "backup.db")
    assert made.entities > 0
    assert made.size == made.path.stat().st_size
    for number in range(3):
        said(process(PUBLISH, str(path), "lab.mistake", str(number), "close"))
    shutil.copy(made.path, path)
    assert names(path) == ["lab.good"]
    publish(path, "lab.more")
    assert names(path) == ["lab.good", "lab.more"]


def test_a_backup_while_others_write_holds_what_they_published(path: Path, publishing: subprocess.Popen[str]) -> None:
    backup = path.with_name("backup.db")
    back_up(f"lite://{path}", backup)
    assert names(backup) == ["lab.theirs"]
    assert [name for name in beside(backup) if name.startswith(("backup", "."))] == []


def test_a_backup_replaces_nothing_and_needs_something_to_copy(path: Path, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="nothing to back up"):
        back_up(f"lite://{path}", tmp_path / "backup.db")
    publish(path, "lab.a")
    taken = tmp_path / "taken"
    taken.write_text("mine")
    with pytest.raises(RegistryError, match="a backup replaces nothing"):
        back_up(f"lite://{path}", taken)
    with pytest.raises(RegistryError, match="cannot be written"):
        back_up(f"lite://{path}", tmp_path / "missing" / "backup.db")
    with pytest.raises(RegistryError, match="only the embedded file"):
        back_up(f"file://{tmp_path}/handoff", tmp_path / "backup.db")
    assert taken.read_text() == "mine"
    assert beside(path) == ["taken"]


@pytest.mark.parametrize("happened", ["deleted", "replaced"])
def test_a_publish_into_a_file_that_was_taken_away_writes_nothing(path: Path, happened: str) -> None:
    publish(path, "lab.a")
    backup = Path(shutil.copy(path, path.with_name("backup.db")))
    with Registry(LiteStore(path), publisher="ada@lab.org") as registry:
        registry.publish(declared("lab.b"), facts(2), message="why")
        if happened == "deleted":
            path.unlink()
        else:
            backup.replace(path)
        with pytest.raises(RegistryError, match=f"{happened}.*|log of another file"):
            registry.publish(declared("lab.c"), facts(3), message="why")
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    assert names(path) == ([] if happened == "deleted" else ["lab.a"])


def test_a_file_replaced_during_a_commit_is_told(path: Path) -> None:
    publish(path, "lab.a")
    store = LiteStore(path)
    with pytest.raises(RegistryUnavailable, match="replaced by another file.*lost with it"), store._file.write():
        shutil.copy(path, path.with_name("other.db")).replace(path)
    store.close()


def test_reading_sees_the_file_that_lies_there_now(path: Path) -> None:
    publish(path, "lab.a")
    other = path.with_name("other.db")
    publish(other, "lab.b")
    with Registry(LiteStore(path)) as registry:
        assert [each.name for each in registry.datasets()] == ["lab.a"]
        other.replace(path)
        assert [each.name for each in registry.datasets()] == ["lab.b"]


def test_a_lock_is_waited_for_and_never_read_past(path: Path) -> None:
    """Another program with the ordinary journal, in the middle of a transaction that has reached the file."""
    publish(path, "lab.a")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA cache_size=2")
    other.execute("BEGIN EXCLUSIVE")
    other.execute("UPDATE metadata_aspect_v2 SET metadata = replace(metadata, 'lab.a', 'lab.x')")
    other.execute("CREATE TABLE junk (x)")
    other.executemany("INSERT INTO junk VALUES (?)", [("x" * 3000,)] * 300)
    with pytest.raises(RegistryUnavailable, match="database is locked"):
        LiteStore(path, busy_timeout=0.1).about()
    other.execute("ROLLBACK")
    other.close()
    assert names(path) == ["lab.a"]


def test_what_a_killed_program_had_begun_is_taken_back_by_the_next_reader(path: Path) -> None:
    publish(path, "lab.a")
    interrupted = f"""
import os, signal, sqlite3
other = sqlite3.connect({str(path)!r}, isolation_level=None)
other.execute("PRAGMA cache_size=2")
other.execute("BEGIN EXCLUSIVE")
other.execute("UPDATE metadata_aspect_v2 SET metadata = replace(metadata, 'lab.a', 'lab.x')")
other.execute("CREATE TABLE junk (x)")
other.executemany("INSERT INTO junk VALUES (?)", [("x" * 3000,)] * 300)
os.kill(os.getpid(), signal.SIGKILL)
"""
    process(interrupted).communicate()
    assert beside(path) == ["registry.db-journal"]
    assert names(path) == ["lab.a"]
    assert beside(path) == []


def test_an_old_file_is_read_without_leaving_anything_beside_it(path: Path) -> None:
    """Earlier releases left the file with a log's mark in it."""
    publish(path, "lab.a")
    before = sqlite3.connect(path, isolation_level=None)
    before.execute("PRAGMA journal_mode=WAL")
    before.close()
    with Registry(LiteStore(path)) as reading:
        assert [each.name for each in reading.datasets()] == ["lab.a"]
        assert beside(path) == []
        publish(path, "lab.b")
        assert sorted(each.name for each in reading.datasets()) == ["lab.a", "lab.b"]
    assert beside(path) == []


as_two_users = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be two users at once"
)
ADA, BEN, LAB = 41001, 41002, 41000


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder of a group that two users are in; new files belong to the group. Both may reach it."""
    with tempfile.TemporaryDirectory(prefix="shared") as name:
        folder = Path(name)
        os.chown(folder, 0, LAB)
        folder.chmod(0o2777)
        yield folder


def as_user(user: int, umask: int, program: str, words: Sequence[object]) -> subprocess.Popen[str]:
    who = f"LAB, USER, UMASK = {LAB}, {user}, {umask}\n"
    return process(who + BECOME + program, *map(str, words))


@as_two_users
@pytest.mark.parametrize("umask", [0o022, 0o002])
def test_a_colleagues_read_does_not_lock_the_owner_out(shared: Path, umask: int) -> None:
    path = shared / "registry.db"
    assert said(as_user(ADA, umask, PUBLISH, [path, "lab.a", 1, "close"])) == "lab.a@v1"
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask
    reader = as_user(BEN, umask, READ, [path, "wait"])
    assert reader.stdout is not None
    assert reader.stdout.readline().strip() == "lab.a"
    assert beside(path) == []
    assert said(as_user(ADA, umask, PUBLISH, [path, "lab.b", 2, "close"])) == "lab.b@v1"
    said(reader)
    assert said(as_user(BEN, umask, READ, [path])).split() == ["lab.b", "lab.a"]
    assert beside(path) == []


@as_two_users
def test_a_colleague_reads_while_the_owner_publishes(shared: Path) -> None:
    path = shared / "registry.db"
    owner = as_user(ADA, 0o022, PUBLISH, [path, "lab.a", 1, "wait"])
    assert owner.stdout is not None
    assert owner.stdout.readline().strip() == "lab.a@v1"
    assert said(as_user(BEN, 0o022, READ, [path])) == "lab.a"
    said(owner)
    assert beside(path) == []


@as_two_users
def test_a_colleague_of_the_group_publishes_too(shared: Path) -> None:
    path = shared / "registry.db"
    for user, name in ((ADA, "lab.a"), (BEN, "lab.b"), (ADA, "lab.c")):
        assert said(as_user(user, 0o002, PUBLISH, [path, name, 1, "close"])) == f"{name}@v1"
    assert names(path) == ["lab.a", "lab.b", "lab.c"]


@as_two_users
def test_who_may_not_write_is_told_so_and_not_to_try_again_later(shared: Path) -> None:
    path = shared / "registry.db"
    said(as_user(ADA, 0o022, PUBLISH, [path, "lab.a", 1, "close"]))
    colleague = as_user(BEN, 0o022, PUBLISH, [path, "lab.b", 1, "close"])
    _, err = colleague.communicate(timeout=120)
    assert AccessDenied.__name__ in err
    assert f"you may not use {path}" in err
    assert "mode 0644" in err
