"""The door of providers: what they report, and what they ask of us, is verified, read, and given to the services."""
