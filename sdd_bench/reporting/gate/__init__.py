"""The outcome of a gate as one page to look at: flipped images, drift, history."""
