"""Published tables beside ours: what they need, cost and say."""
