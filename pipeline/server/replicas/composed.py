"""The same API as an application of Ray Serve by itself, its doors behind Ray's HTTP proxies.

Nothing of it is followed: which artifacts answer is said by the application's arguments, and a new
`serve deploy` replaces their replicas one after another.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pipeline.artifacts.bucket.address import SCHEME, BucketAddress
from pipeline.artifacts.bucket.catalogue import whole
from pipeline.artifacts.pointer import make_current
from pipeline.cluster.shipping import Files, lay, pack
from pipeline.models.hardware import CPU, CUDA, Hardware
from pipeline.server.api_keys import read_keys
from pipeline.server.replicas.applications import deployment, replicas_running
from pipeline.server.replicas.models import ReplicatedModels
from pipeline.server.replicas.settings import ClusterSettings
from pipeline.server.serving import Serving
from pipeline.server.settings import DEEP, FAST, ServerSettings

_REQUESTS = 512
"""Under way at once in each of the doors; more wait in Ray's proxies."""


class Arguments(BaseModel):
    """Of the application; `fast` and `deep` are whole digests, one of which has to be given.

    `artifacts`: s3://bucket/prefix, or a folder that every node sees. `gpus`: whether replicas of
    the deep model compute on one each. `api_key_file`: on every node; without one, `insecure` has
    to say that anybody who reaches Ray's proxies may ask.
    """

    model_config = ConfigDict(extra="forbid")

    artifacts: str
    fast: str | None = Field(None, pattern="^[0-9a-f]{64}$")
    deep: str | None = Field(None, pattern="^[0-9a-f]{64}$")
    least: int = Field(1, ge=1)
    most: int = Field(1, ge=1)
    doors: int = Field(1, ge=1)
    gpus: bool = False
    api_key_file: Path | None = None
    insecure: bool = False

    def digests(self) -> dict[str, str]:
        """By slot, those that are given."""
        given = {FAST: self.fast, DEEP: self.deep}
        return {slot: digest for slot, digest in given.items() if digest}


@dataclass(frozen=True)
class InStore:
    """A source of files for replicas: the artifact of this digest in a bucket or shared folder."""

    store: str
    digest: str

    def files(self) -> Files:
        """Get them; raises ModelMissing, ArtifactRefused or ResourceUnavailable."""
        is_bucket = self.store.startswith(SCHEME)
        store = BucketAddress.parse(self.store) if is_bucket else Path(self.store)
        with whole(store, self.digest) as folder:
            return pack(folder)


class Bound:
    """The replicas that the application is composed with, each named as its slot."""

    def deploy(self, slot: str, *_: object) -> str:
        """They are there already, or come."""
        return slot

    def handle(self, name: str) -> Any:
        """What they are asked by."""
        from ray import serve

        return serve.get_deployment_handle(name, _application())

    def has_gpus(self) -> bool:
        """What computes was said when they were bound."""
        return False

    def answering(self) -> set[str]:
        """Slots that have a replica now; raises RayError without a cluster."""
        from ray import serve

        return set(replicas_running(serve.status().applications[_application()]))

    def delete(self, name: str) -> None:
        """They end with the application."""

    def close(self) -> None:
        """As above."""


def build(arguments: Arguments) -> Any:
    """The application, for `serve run` and `serve deploy`; raises ValueError."""
    from ray import serve

    digests = arguments.digests()
    if not digests:
        raise ValueError("Name an artifact: fast=DIGEST, deep=DIGEST, or both.")
    if arguments.api_key_file is None and not arguments.insecure:
        raise ValueError("Give api_key_file=FILE, or insecure=true if anybody may ask.")
    cluster = ClusterSettings(None, arguments.least, arguments.most)
    replicas = []
    for slot, digest in digests.items():
        gpus = int(slot == DEEP and arguments.gpus)
        hardware = Hardware(1, CUDA if gpus else CPU)
        source = InStore(arguments.artifacts, digest)
        replicas.append(deployment(slot, cluster, hardware, gpus).bind(digest, source, hardware))

    def api() -> Any:
        return _api(arguments, cluster)

    doors: Any = serve.deployment(
        name="doors", num_replicas=arguments.doors, max_ongoing_requests=_REQUESTS
    )
    return doors(serve.ingress(api)()).bind(*replicas)


def _api(arguments: Arguments, cluster: ClusterSettings) -> Any:
    """The ASGI application, made where it runs."""
    root = Path(tempfile.mkdtemp(prefix="sentiment-doors-"))
    for slot, digest in arguments.digests().items():
        lay(InStore(arguments.artifacts, digest).files(), root / slot / digest)
        make_current(root / slot, digest)
    keys = read_keys(arguments.api_key_file) if arguments.api_key_file else ()
    settings = ServerSettings(
        keys=keys, threads=256, most_in_flight=_REQUESTS, allow_hosts=("*",), **cluster.batching()
    )
    models = ReplicatedModels(Bound(), root, slots=arguments.digests())
    serving = Serving(models, settings)
    serving.start(0)
    return serving.bridge


def _application() -> str:
    """The name of the one that this replica is of."""
    from ray import serve

    return str(serve.get_replica_context().app_name)
