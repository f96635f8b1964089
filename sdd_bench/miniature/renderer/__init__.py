"""The renderer of the miniature: scenes, their words and their pictures."""
