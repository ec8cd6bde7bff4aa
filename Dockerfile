# One image for every process; docker-compose.yml says which.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/app PIP_NO_CACHE_DIR=1 \
    LLMHUB_HOME=/data PATH=/app/bin:$PATH

COPY requirements.lock /tmp/requirements.lock
RUN pip install --require-hashes --only-binary :all: -r /tmp/requirements.lock && rm /tmp/requirements.lock

WORKDIR /app
COPY . .
RUN mkdir -p bin /data \
    && printf '#!/bin/sh\nexec python -P -m llmhub "$@"\n' > bin/llmhub && chmod 755 bin/llmhub \
    && python -m compileall -q . \
    && useradd --uid 1000 --user-group --home-dir /data --no-create-home llmhub \
    && chown llmhub:llmhub /data

USER llmhub
VOLUME /data
EXPOSE 8000 8001
CMD ["llmhub", "gateway", "--host", "0.0.0.0"]
