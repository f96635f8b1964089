# The benchmark on a machine with an NVIDIA GPU. PyTorch's wheel brings CUDA with it, so the host needs
# its driver and the NVIDIA container toolkit only. Built from the root of the repository:
#
#     docker build --file docs/docker/gpu.Dockerfile --tag sdd-bench .

FROM python:3.12-slim-bookworm

# With EXTRAS='[nudenet]' the 320n detector, which is under the AGPL.
ARG EXTRAS=''

WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE MANIFEST.in ./
COPY sdd_bench sdd_bench
COPY methods methods
COPY metrics metrics
COPY prompts prompts
COPY results/published results/published
# Whoever runs it with another --user can write into these two, too.
RUN python -m pip install --no-cache-dir --constraint constraints.txt ".${EXTRAS}" \
    && useradd --create-home --uid 1000 bench \
    && install --directory --mode 1777 /home/bench/cache /home/bench/results

# Not root: whatever comes out of the container belongs to an ordinary user.
USER 1000
WORKDIR /home/bench
# The libraries' caches (the hub's, torch's) go where XDG_CACHE_HOME says.
ENV XDG_CACHE_HOME=/home/bench/cache \
    SDD_BENCH_WEIGHTS=/home/bench/cache/weights
VOLUME ["/home/bench/cache", "/home/bench/results"]
ENTRYPOINT ["sdd-bench"]
CMD ["--help"]
