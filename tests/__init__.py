"""The test suite; a package so that `tests.emulators` is ours even where an installed library ships a `tests` too."""
