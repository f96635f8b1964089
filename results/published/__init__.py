"""The paper's tables as data: what their rows and columns are, and every published number.

A table is a TOML file and the CSV of the published cells that it names; adding one takes no code.

TOML: `title`, `source`, `published` (the CSV), `models` (the names of the one whose numbers are
published), the protocol (`steps`, `guidance_scale`), and

    [[rows]]     label; method and concepts (a set of prompts/concepts.toml; without it the method's
                 own) and recipe (without it the model's own); a row without a method is only shown
    [[columns]]  key, label, suite, decimals, and definitions: the metric definition in each world
    [images_per_prompt.WORLD]  suite = number, where a world makes do with fewer than the suite's

CSV: row (its label), column (its key), value, count (of `n`, for rates), n (images behind it) and
suspect (why the number may not be what it seems; empty if nothing is known against it).
"""
