"""A run on disk: identity, images, raw scores; runs of images made elsewhere."""
