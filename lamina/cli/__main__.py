"""`python -m lamina.cli` is the program `lamina`."""

from __future__ import annotations

import sys

from .main import main

sys.exit(main())
