#!/bin/bash
# Makes Amazon Linux 2023 a sentiment server behind nginx, from the release that this file lies in.
#
# Variables: ARTIFACTS, where the models are (s3://bucket/prefix or a folder); DIGEST, of the one to
# serve; SIGNATURE_KEY, the public key that it was signed with, as one line of base64; MODEL, fast or
# deep; HOSTS, names by which clients call it; BALANCER=yes behind a load balancer, which alone may
# reach port 80 then. It ends with 0 only when the server has passed all tests from outside.
set -euo pipefail
umask 022
cd "$(dirname "$0")"
program=/opt/sentiment/.venv/bin
key=/etc/sentiment/public.pem

dnf install --assumeyes --quiet python3.11 nginx
id sentiment >/dev/null 2>&1 || useradd --system --home-dir /var/lib/sentiment --create-home sentiment

extras=aws
[ "$MODEL" = fast ] || extras=aws,onnx
python3.11 -m venv --clear /opt/sentiment/.venv
"$program/pip" install --quiet --constraint constraints.txt "$(echo ./sentiment_toolkit-*.whl)[$extras]"

install -d /etc/sentiment /etc/nginx/sentiment.d
printf -- '-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n' "$SIGNATURE_KEY" >"$key"
cat >/etc/sentiment/environment <<END
SENTIMENT_SERVE_ARTIFACTS=$ARTIFACTS
SENTIMENT_SERVE_EXPECT_DIGEST=$DIGEST
SENTIMENT_SERVE_REQUIRE_SIGNATURE=$key
SENTIMENT_SERVE_ONLY=$MODEL
SENTIMENT_SERVE_WORKERS=$(nproc)
SENTIMENT_SERVE_PROXIES=1
END
[ -z "${HOSTS:-}" ] || echo "SENTIMENT_SERVE_ALLOW_HOST=\"$HOSTS\"" >>/etc/sentiment/environment
install --mode 644 sentiment.service /etc/systemd/system/sentiment.service

install --mode 644 nginx.conf /etc/nginx/nginx.conf
rm -f /etc/nginx/sentiment.d/balancer.conf
if [ "${BALANCER:-}" = yes ]; then
    printf 'set_real_ip_from 0.0.0.0/0;\nreal_ip_header X-Forwarded-For;\n' >/etc/nginx/sentiment.d/balancer.conf
fi
nginx -t

systemctl daemon-reload
systemctl enable --quiet sentiment nginx
systemctl restart sentiment nginx
curl --silent --show-error --fail --retry 60 --retry-delay 2 --retry-all-errors http://127.0.0.1/readyz

# The last step, whose exit code is that of this script.
cd /var/lib/sentiment
runuser -u sentiment -- env XDG_CACHE_HOME=/var/cache/sentiment \
    "$program/sentiment" verify --artifacts "$ARTIFACTS" --expect-digest "$DIGEST" \
    --require-signature "$key" --report remote-test.md http://127.0.0.1
