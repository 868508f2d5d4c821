"""A PostgreSQL server of the tests' own: its data in a temporary folder, reachable on this machine alone."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["programs", "serving"]

USER = "dagster"
PASSWORD = "only-on-this-machine"
PATIENCE_SECONDS = 60
HOW_TO_MAKE = ["--auth=scram-sha-256", "--locale=C", "--encoding=UTF8", "--no-sync"]
# Durable only as long as the machine is up, which is all that a test asks for.
QUICK = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


def programs() -> Path | None:
    """The folder of PostgreSQL's server programs. Debian keeps them off the path, a folder for each release."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    releases = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return releases[-1].parent if releases else None


@contextmanager
def serving(folder: Path) -> Iterator[dict[str, str]]:
    """Run a server on the programs in `folder`.

    Yields:
        The environment that Dagster's settings take its address from, but for the database's name.
    """
    account = _account()
    with tempfile.TemporaryDirectory(prefix="pg-") as home:
        if account:
            os.chown(home, pwd.getpwnam(account["user"]).pw_uid, -1)
        data = Path(home) / "data"
        secret = Path(home) / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        made = subprocess.run(
            [folder / "initdb", "-D", data, "-U", USER, "--pwfile", secret, *HOW_TO_MAKE],
            capture_output=True,
            text=True,
            check=False,
            cwd=home,
            **account,
        )
        assert made.returncode == 0, made.stderr
        port = _free_port()
        with (Path(home) / "log").open("w") as log:
            server = subprocess.Popen(
                [folder / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", home, *QUICK],
                stdout=log,
                stderr=log,
                cwd=home,
                **account,
            )
        try:
            _wait_for(server, folder, port, Path(home) / "log")
            yield {
                "DAGSTER_PG_HOST": "127.0.0.1",
                "DAGSTER_PG_PORT": str(port),
                "DAGSTER_PG_USER": USER,
                "DAGSTER_PG_PASSWORD": PASSWORD,
            }
        finally:
            server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown, which waits for no client
            server.wait(PATIENCE_SECONDS)


def _account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    names = {each.pw_name for each in pwd.getpwall()}
    return {"user": "postgres" if "postgres" in names else "nobody", "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _wait_for(server: subprocess.Popen[bytes], folder: Path, port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    asking = [folder / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(asking, check=False).returncode != 0:
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
