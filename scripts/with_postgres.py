"""Run a command with a PostgreSQL server of its own, for the tests of the service.

    python scripts/with_postgres.py python -m pytest tests/service

The command finds it in YURAGI_TEST_DATABASE. PostgreSQL must be installed (package postgresql).
"""

import os
import subprocess
import sys

from yuragi.research.bench.service.faults.postgres import postgres

with postgres() as server:
    given = {"YURAGI_TEST_DATABASE": server.database("tests")}
    sys.exit(subprocess.call(sys.argv[1:], env={**os.environ, **given}))
