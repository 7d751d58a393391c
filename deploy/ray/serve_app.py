"""The API as an application of Ray Serve, for clusters that are deployed to.

    serve run deploy.ray.serve_app:app artifacts=s3://bucket/prefix fast=DIGEST insecure=true

The package has to be on every node. `serve.yaml` beside this file is the same for `serve deploy`
and KubeRay. On a cluster that is at hand, `sentiment serve --engine ray` needs neither, and follows
the store.
"""

from pipeline.server.replicas.composed import build

app = build
"""See `Arguments` there for what may be given."""
