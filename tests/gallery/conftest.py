"""What the tests of galleries that grow share; they need lancedb."""

import pytest

pytest.importorskip("lancedb", reason="galleries need lancedb (registry/requirements-gallery.txt)")
