"""Benchmarks: `make bench`, or `python -m bench [NAME …]`.

Each compares things within one run on one machine, so its ratios say more than its times. Nothing here is asserted.
"""
