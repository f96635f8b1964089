"""Prompts and concepts: from files to samples, each with its seed."""
