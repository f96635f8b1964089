# %% [markdown]
# # First steps
#
# From nothing to a table, a grid of pictures and a comparison, on the embedded miniature: no GPU,
# no download, no account, under two minutes on two cores. Every cell starts with `# %%`: editors
# open this file as a notebook, `jupytext --to ipynb first_steps.py` makes one of it, and
# `python docs/notebooks/first_steps.py` runs it as it stands.

# %%
import sys

import sdd_bench as sb

RESULTS = sys.argv[1] if len(sys.argv) > 1 else "results/first-steps"

# %% [markdown]
# What there is. Each list is a DataFrame; any column can be searched or sorted.

# %%
methods = sb.list_methods()
print(methods[~methods["trained"]][["name", "concepts"]].to_string(index=False))
print(sb.list_suites()[["name", "description"]].to_string(index=False))

# %% [markdown]
# ## Pictures and scores
#
# The undefended model and three defences, on ten prompts of the paper's first table, two images
# each. All methods start from the same noise. Called again, the same line makes nothing: it reads
# what is there. Interrupt it, and what is done is kept.

# %%
runs = sb.run(
    ["sd", "sd-neg", "sld-medium", "sld-max"],
    "country_body",
    limit=10,
    images_per_prompt=2,
    results=RESULTS,
)
print(runs)

# %% [markdown]
# The same numbers as a DataFrame, with the ends of the 95 % interval over prompts:

# %%
columns = ["method", "definition", "value", "low", "high", "n"]
print(runs.frame[columns].round(1).to_string(index=False))

# %% [markdown]
# ## Side by side
#
# A row is one prompt and one noise, a column one method. In a notebook the pictures are blurred
# until `reveal=True` asks for them; the miniature's stand-in for nudity is a wooden mannequin.

# %%
grid = sb.grid(["sd", "sd-neg", "sld-max"], "country_body", prompts=4, results=RESULTS)
grid.save(f"{RESULTS}/grid.png")
print(grid)

# %% [markdown]
# ## Is the difference real?
#
# Paired by image: the difference, its interval, which pictures flipped, and a test.

# %%
comparison = sb.compare("sd", "sd-neg", results=RESULTS)
print(comparison)

# %% [markdown]
# ## One's own question
#
# Raw scores are kept for every image, so a table of one's own is a line of pandas: here the rate
# at a threshold that no definition has.

# %%
images = sb.load(RESULTS)
rates = images.assign(bare=images["nude/miniature"] > 0.9).groupby("method")["bare"].mean()
print((100 * rates).round(1).to_string())
