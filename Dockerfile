# One image for every service: docker-compose.yml says which runs what.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=ccai.settings \
    CCAI_DATA_DIR=/data

# A user of its own, by number, so that an orchestrator can see it is not root.
RUN useradd --uid 10001 --home-dir /data --create-home ccai
WORKDIR /app

# With the adapter to Twilio, which only a setting turns on.
COPY requirements.txt requirements-twilio.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt -r requirements-twilio.txt

COPY . .
RUN python -m compileall -q .

USER 10001
VOLUME /data
EXPOSE 8000

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/web/', timeout=4)"]

CMD ["uvicorn", "ccai.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off", "--timeout-graceful-shutdown", "3", "--no-access-log", "--no-server-header"]
