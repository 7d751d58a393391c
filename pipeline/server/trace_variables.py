"""Whether there are to be traces, which OpenTelemetry's own environment variables say.

Where none of them asks for traces, nothing of OpenTelemetry is imported.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.errors import InvalidInput, ResourceUnavailable

if TYPE_CHECKING:
    from pipeline.server.tracing import Tracing

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


def tracing_for(variables: Mapping[str, str]) -> "Tracing | None":
    """What these environment variables ask for.

    Raises ResourceUnavailable where the extra is not installed, InvalidInput for a value that
    cannot be used.
    """
    if not is_asked_for(variables):
        return None
    try:
        from pipeline.server.tracing import Tracing

        return Tracing()
    except ModuleNotFoundError:
        raise ResourceUnavailable(
            "Traces need OpenTelemetry. Install the extra: pip install 'sentiment-toolkit[otel]', "
            "or set OTEL_SDK_DISABLED=true."
        ) from None
    except ValueError as error:
        raise InvalidInput(f"A variable of OpenTelemetry cannot be used: {error}") from None


def is_asked_for(variables: Mapping[str, str]) -> bool:
    """Whether there is an exporter or a collector's address, and nothing that says otherwise.

    Raises InvalidInput for an exporter or a protocol that this server does not have.
    """
    exporter = variables.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    is_disabled = variables.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    has_address = any(variables.get(name) for name in _ENDPOINTS)
    if is_disabled or exporter == "none" or not (exporter or has_address):
        return False
    if exporter not in ("", "otlp"):
        raise InvalidInput(f"OTEL_TRACES_EXPORTER is {exporter}: set it to otlp or none.")
    protocol = next((variables[name].strip() for name in _PROTOCOLS if variables.get(name)), "")
    if protocol not in ("", "http/protobuf"):
        raise InvalidInput(
            f"Traces cannot be sent by {protocol}: set OTEL_EXPORTER_OTLP_PROTOCOL to "
            "http/protobuf, and the endpoint to the collector's port for it, 4318 as a rule."
        )
    return True
