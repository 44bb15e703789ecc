# Storythread's bot with the embedded models, on a CPU. Data lives in /data, the master key in /keys: mount both.
FROM python:3.11-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential cmake && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY pyproject.toml constraints.txt ./
# Images travel: no instruction the next machine may lack.
ENV CMAKE_ARGS="-DGGML_NATIVE=OFF"
COPY bot bot
COPY engine engine
COPY prompts prompts
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.11-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends tini libgomp1 && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 storythread && mkdir /data /keys && chown storythread /data /keys
COPY --from=build /venv /venv
USER storythread
ENV PATH="/venv/bin:$PATH" STORYTHREAD_HOME=/data STORYTHREAD_MASTER_KEY_FILE=/keys/master.key HF_HUB_OFFLINE=1
VOLUME ["/data", "/keys"]
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s CMD ["storythread", "doctor"]
ENTRYPOINT ["tini", "--", "storythread"]
CMD ["bot"]
