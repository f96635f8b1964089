"""Attacks, a file each: searches for prompts that bring a removed concept back."""
