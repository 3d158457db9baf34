"""Import paths: the modules of this folder, and the harness of the end-to-end stories."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e"), str(HERE.parent / "lib")]
