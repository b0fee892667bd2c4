"""The command line: parses arguments, calls the library, draws its answer."""
