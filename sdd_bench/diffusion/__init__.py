"""The model and its sampling loop: seeds to images. Loads torch."""
