"""The benchmark for Python: what the commands do, as functions. `import sdd_bench as sb` has them.

Numbers come as DataFrames (`.frame`) together with the pages that people read. What goes wrong is
an SDDBenchError, and nothing that is done is lost with it.
"""
