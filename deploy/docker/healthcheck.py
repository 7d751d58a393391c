"""Whether the server of this container is ready: exit code 0 if it is."""

import os
import urllib.request

sagemaker = os.environ.get("SENTIMENT_SERVE_SAGEMAKER", "0").lower() not in (
    "0",
    "false",
    "no",
    "off",
)
port = os.environ.get("SENTIMENT_SERVE_PORT", "8080" if sagemaker else "5000")
with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=4):
    pass
