"""Built-in methods, one flat file each; the file name is the name on the command line."""

if __name__ != "sdd_bench.methods":
    raise ImportError("methods/ is installed as sdd_bench.methods; run `pip install -e .`")
