"""Built-in metrics, one flat file each; every file names the definitions it measures."""

if __name__ != "sdd_bench.metrics":
    raise ImportError("metrics/ is installed as sdd_bench.metrics; run `pip install -e .`")
