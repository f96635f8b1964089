# What a change has to pass, on the sources as they are when it is built, with the browser that looks at
# reports. What constraints.txt pins is installed here, so that running it fetches nothing. Built from
# the root of the repository:
#
#     docker build --file docs/docker/ci.Dockerfile --tag sdd-bench-ci .
#     docker run --rm --shm-size 1g sdd-bench-ci

FROM python:3.12-slim-bookworm

# Debian has no older versions of a package to name.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium git make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 bench \
    && install --directory --owner bench --group bench /src

USER 1000
WORKDIR /src
COPY --chown=bench:bench . .
# With the packages of the build before: only what has changed is fetched.
RUN --mount=type=cache,target=/home/bench/.cache/pip,uid=1000 make .venv/dev.stamp
CMD ["make", "check", "test"]
