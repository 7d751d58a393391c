"""Errors that a user can fix. Each message says what is wrong and how to fix it."""


class SentimentError(Exception):
    """Base class; raise one of its subclasses."""


class InvalidInput(SentimentError):
    """The given data or options cannot be used as they are."""


class ModelMissing(SentimentError):
    """The model, or a package or program that it needs, is not there."""


class ArtifactRefused(SentimentError):
    """An artifact or model is damaged, forged, or does not give the answers it was sealed with."""


class ResourceUnavailable(SentimentError):
    """A disk, network, lock, port or process failed: trying again later, or elsewhere, may work."""
