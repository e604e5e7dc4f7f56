"""One command that runs the whole center on one machine: web, worker, beat and, where none is given, a Valkey."""
