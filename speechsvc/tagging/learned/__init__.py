"""Learned entries: features, training by cross-validation over calls, the file, and the scorer that adds mentions."""
