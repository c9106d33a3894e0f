// No plugin brings headers.
