"""Calls that are still to come: how many there are for whom, which nobody could take, and what is done to many."""
