"""`/reports/`: what the center did in a span of time."""
