"""What a user can mend. Each message says what is wrong and how to mend it."""


class SentimentError(Exception):
    """Base of the family; raise one of its children."""


class InvalidInput(SentimentError):
    """The data given cannot be read or used as it is."""


class ModelMissing(SentimentError):
    """No model of the kind asked for is where it was looked for."""


class ArtifactRefused(SentimentError):
    """An artifact is damaged, forged, or does not give the answers it was sealed with."""


class ResourceUnavailable(SentimentError):
    """Disk, network, lock or port: trying again later, or elsewhere, may work."""
