# syntax=docker/dockerfile:1
# Build: docker build -t safetybot .
# Run:   docker run --read-only --tmpfs /tmp -v safetybot:/data safetybot run

FROM python:3.13-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/safetybot
WORKDIR /src
COPY requirements.lock ./
RUN /opt/safetybot/bin/pip install --require-hashes --only-binary=:all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY config ./config
COPY responses ./responses
COPY src ./src
# hatchling builds the wheel; everything that runs comes from the lock above.
RUN /opt/safetybot/bin/pip install --no-deps .

FROM python:3.13-slim-bookworm
RUN groupadd --system --gid 10001 safetybot \
    && useradd --system --uid 10001 --gid 10001 --home-dir /data --shell /usr/sbin/nologin safetybot \
    && install -d -o safetybot -g safetybot -m 0700 /data
COPY --from=build /opt/safetybot /opt/safetybot
ENV PATH="/opt/safetybot/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SAFETYBOT_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["safetybot", "doctor", "--quiet"]
ENTRYPOINT ["safetybot"]
CMD ["run"]
