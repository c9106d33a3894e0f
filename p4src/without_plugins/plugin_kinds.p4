// No plugin brings kinds.
