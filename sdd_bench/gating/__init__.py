"""Results held to a committed baseline."""
