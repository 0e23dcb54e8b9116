"""A PostgreSQL server of the tests' own, where Debian's is installed."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path


def binaries():
    """Folder of initdb and pg_ctl; None where there is no server."""
    if found := shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return folders[-1].parent if folders else None


def as_its_user(folder):
    """How to run it: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres", "postgres")
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


@contextmanager
def postgres(folder):
    """URL of a server that listens on a socket in `folder` only."""
    bin_, user = binaries(), as_its_user(folder)

    def run(*words):
        subprocess.run([*user, *map(str, words)], check=True, cwd="/", capture_output=True, timeout=60)

    data = folder / "data"
    run(bin_ / "initdb", "-D", data, "-U", "fleet", "--auth=trust", "--no-sync")
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}'"
    log = folder / "log.txt"
    run(bin_ / "pg_ctl", "-D", data, "-w", "-l", log, "-o", options, "start")
    try:
        yield f"postgresql+psycopg://fleet@/postgres?host={folder}"
    finally:
        run(bin_ / "pg_ctl", "-D", data, "-m", "immediate", "stop")
