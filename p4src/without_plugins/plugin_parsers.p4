// No plugin brings parsers.
