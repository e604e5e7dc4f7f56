"""The outbox: programs are told what happens, in order, signed, and until they have heard it."""
