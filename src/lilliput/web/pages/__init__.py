"""The addresses, one subject a file, each with a `router`."""
