"""`python -m engine`: everything the window does, without a window."""

import sys

from engine.cli import main

sys.exit(main(sys.argv[1:]))
