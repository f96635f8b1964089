"""A request becomes runs: choose, check, train, generate, score; nothing twice."""
