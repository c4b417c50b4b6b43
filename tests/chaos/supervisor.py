"""The supervisor of a system under chaos: a program that was killed a hundred times is still started again at once."""

import sys

from project import supervisor

from .tempo import RESTART_PAUSES

if __name__ == "__main__":
    supervisor.PAUSES = RESTART_PAUSES
    sys.exit(supervisor.main())
