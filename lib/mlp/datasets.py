"""The loaders under the name that the first notebooks import; they live in `lib.datasets`."""

import numpy as np  # noqa: F401  (old notebooks expect np from a star import)

from lib.datasets import SVHN, SVHN_data  # noqa: F401
