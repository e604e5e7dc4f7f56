"""The agent's page, `/desk/`: the call adapter of the contract."""
