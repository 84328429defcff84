"""Checks that belong to no step: is the machine there, are secrets safe, has it converged, does the whole work."""
