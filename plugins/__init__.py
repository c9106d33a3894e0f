"""Network functions, one folder each."""
