"""`python -m training`: see `training/everything.py`."""

import sys

from training.everything import main

if __name__ == "__main__":
    sys.exit(main())
