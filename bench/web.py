"""The web process alone on embedded servers: `python -m bench.web PORT`. What the doors can do is their own limit."""

from __future__ import annotations

import signal
import subprocess
import sys

from project.embedded import attach
from project.installation import CHECKOUT
from project.processes import die_with_parent
from project.supervisor import programs


def main() -> int:
    with attach():
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=CHECKOUT, check=True)
        web = programs("127.0.0.1", int(sys.argv[1]), reasoning=False)[0]
        process = subprocess.Popen(web.command, cwd=CHECKOUT, preexec_fn=die_with_parent(signal.SIGTERM))
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            return process.wait()


if __name__ == "__main__":
    sys.exit(main())
