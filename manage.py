#!/usr/bin/env python
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.local")
    from project.embedded import ServersUnavailable, attach
    from project.env import InvalidEnvironment

    try:
        with attach():
            from django.core.management import execute_from_command_line

            execute_from_command_line(sys.argv)
    except (InvalidEnvironment, ServersUnavailable) as error:
        print(f"baton: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
