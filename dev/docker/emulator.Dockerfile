# The Twilio emulator; its code is mounted. Used by compose.yml.
FROM python:3.12-slim

COPY emulator.lock /tmp/emulator.lock
RUN pip install --no-cache-dir --require-hashes --no-deps -r /tmp/emulator.lock
ENV PYTHONPATH=/srv PYTHONUNBUFFERED=1
USER nobody
EXPOSE 8090
# 127.0.0.1 is where the browser finds the published ports.
CMD ["python", "-m", "twilio_emulator", "--host", "0.0.0.0", "--sdk", "/srv/sdk/twilio.min.js", "--media-address", "127.0.0.1"]
