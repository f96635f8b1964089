"""Images to raw scores: every metric that a run lacks, in one pass."""
