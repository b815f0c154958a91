"""`python -m lilliput.cli` is `lilliput`, for places where the console script is not on the path."""

from __future__ import annotations

from lilliput.cli.main import main

main()
