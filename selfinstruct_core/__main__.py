"""`python -m selfinstruct_core COMMAND`."""

import sys

from selfinstruct_core.cli import main

sys.exit(main())
