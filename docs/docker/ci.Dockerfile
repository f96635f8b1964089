# What a change has to pass, with the browser that looks at reports. Built from the root of the
# repository, which is mounted when it runs:
#
#     docker build --file docs/docker/ci.Dockerfile --tag sdd-bench-ci .
#     docker run --rm --volume "$PWD:/src" sdd-bench-ci

FROM python:3.12-slim-bookworm

# Debian has no older versions of a package to name.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium git make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 bench \
    && mkdir /src \
    && chown bench:bench /src

USER 1000:1000
WORKDIR /src
CMD ["make", "check", "test"]
