"""Regions: one description, run in Mininet with real programs or in the in-process lab."""
