"""Wakes workers. The database owns the jobs; a broker message may be lost or repeated and nothing happens twice."""
