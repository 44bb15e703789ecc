# Storythread in a container: the bot, a worker, any other command.
#   docker build --tag storythread:cpu .
#   docker build --tag storythread:cuda --build-arg KIND=cuda .
# /data holds what is kept, /data/models what was pulled, /keys the master key: mount them (docs/operating.md).
ARG KIND=cpu
# As in torch's own wheels, so that one driver serves both.
ARG CUDA=13.0.1

# --- what it is built with: llama.cpp is compiled ---
FROM python:3.11-slim-bookworm AS tools-cpu
RUN apt-get update && apt-get install -y --no-install-recommends build-essential cmake && rm -rf /var/lib/apt/lists/*
# Images travel: no instruction the next machine may lack.
ENV CMAKE_ARGS="-DGGML_NATIVE=OFF"

FROM nvidia/cuda:${CUDA}-devel-ubuntu24.04 AS tools-cuda
RUN apt-get update && apt-get install -y --no-install-recommends build-essential cmake python3-dev python3-venv && rm -rf /var/lib/apt/lists/*
# The driver comes with the machine; to link against it there is a stub. Cards from Turing to Blackwell.
RUN ln -s /usr/local/cuda/lib64/stubs/libcuda.so /usr/local/cuda/lib64/stubs/libcuda.so.1
ENV CMAKE_ARGS="-DGGML_NATIVE=OFF -DGGML_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES=75;80;86;89;90;120 -DCMAKE_EXE_LINKER_FLAGS=-Wl,-rpath-link,/usr/local/cuda/lib64/stubs -DCMAKE_SHARED_LINKER_FLAGS=-Wl,-rpath-link,/usr/local/cuda/lib64/stubs"

FROM tools-${KIND} AS build
# Where pip finds a torch for processors alone (PyTorch's index of CPU wheels). Without it torch brings CUDA along: right
# for KIND=cuda, some gigabytes too many otherwise.
ARG PIP_EXTRA_INDEX_URL=
WORKDIR /app
COPY pyproject.toml constraints.txt ./
RUN python3 -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; print(*project['dependencies'], *project['optional-dependencies']['s3'], sep='\n')" > requirements.txt
RUN python3 -m venv /venv && /venv/bin/pip install --no-cache-dir --constraint constraints.txt --requirement requirements.txt
COPY README.md ./
COPY bot bot
COPY engine engine
COPY prompts prompts
RUN /venv/bin/pip install --no-cache-dir --no-deps .

# --- what it runs in ---
FROM python:3.11-slim-bookworm AS machine-cpu
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 tini && rm -rf /var/lib/apt/lists/*

FROM nvidia/cuda:${CUDA}-runtime-ubuntu24.04 AS machine-cuda
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 python3 tini && rm -rf /var/lib/apt/lists/*

FROM machine-${KIND}
RUN useradd --create-home --uid 10001 storythread
RUN mkdir -p /data/models /keys && chown -R storythread /data /keys
COPY --from=build /venv /venv
USER storythread
ENV PATH="/venv/bin:$PATH" STORYTHREAD_HOME=/data STORYTHREAD_MASTER_KEY_FILE=/keys/master.key STORYTHREAD_HEALTH__PORT=8080 STORYTHREAD_HEALTH__HOST=0.0.0.0
VOLUME ["/data", "/data/models", "/keys"]
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s CMD ["storythread", "health"]
ENTRYPOINT ["tini", "--", "storythread"]
CMD ["bot"]
