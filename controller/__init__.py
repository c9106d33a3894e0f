"""The controller: the region's model, what every switch should hold, and the mapping service."""
