"""Suites as data: one CSV of prompts each (id,text,seed,group), described in `suites.toml`."""

if __name__ != "sdd_bench.prompts":
    raise ImportError("prompts/ is installed as sdd_bench.prompts; run `pip install -e .`")
