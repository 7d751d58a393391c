"""The model card of an artifact: what it is, how good, where its limits are, how to verify it.

After Mitchell et al. 2019, "Model Cards for Model Reporting", FAT* '19. It is made from the
manifest alone, so that sealing a run twice gives the same card.
"""

from collections.abc import Iterator
from typing import Any

from pipeline.artifacts.manifest import Manifest
from pipeline.artifacts.summaries import basis, trained_on

NAMES = {
    "held_out": "rows held out of the training file",
    "test": "test reviews, which nothing was chosen on",
}
_KINDS = {
    "fast": "A linear model over hashed character n-grams, which needs no scikit-learn to answer.",
    "deep": "A transformer with a classifier of two outputs.",
}
_LIMITS = """\
- It was made for Korean film reviews. On other texts (shops, comments, news) it is right less
  often, and no figure above says how often: measure it with `sentiment evaluate`.
- It knows two labels. A text that is neutral, off the subject or empty gets one of them as well;
  `--unsure-below` holds back what it is not sure of.
- It was not made to judge people, and reviews are not a sample of what people think.
"""


def model_card(manifest: Manifest) -> str:
    """The card, as Markdown."""
    return "\n".join(_lines(manifest))


def _lines(made: Manifest) -> Iterator[str]:
    yield f"# Sentiment of Korean film reviews: {made.slot} model\n"
    yield f"{_KINDS.get(made.slot, '')} Labels: negative, positive; confidence is calibrated.\n"
    yield f"- built on: {basis(made)}"
    yield f"- trained on: {trained_on(made)}, {made.created_at[:10]}, run {made.run}"
    yield "- settings, versions of libraries and the reference profile: manifest.json\n"
    yield "## Data\n"
    yield from _data(made.data)
    yield "\n## Figures\n"
    yield from _figures(made.metrics)
    yield f"\n## Limits\n\n{_LIMITS}"
    yield "## Licence\n"
    yield from _licence(made.data)
    yield "\n## Verify\n"
    yield "The digest of the artifact is the sha256 of its manifest.json, which lists the sha256"
    yield f"of all other files, this one too, and {len(made.golden)} answers that it must give:\n"
    yield "```sh\nsentiment verify --expect-digest DIGEST FOLDER\n```\n"


def _data(data: dict[str, Any]) -> Iterator[str]:
    for part, facts in sorted(data.items()):
        if part == "unlabelled":
            yield from _unlabelled(facts)
        elif isinstance(facts, dict) and "rows" in facts:
            yield f"- {part}: {facts['name']}, {facts['rows']:,} rows, sha256 `{facts['sha256']}`"
        elif isinstance(facts, dict) and "repository" in facts:
            yield f"- {part}: {facts['repository']}, commit {facts['commit'] or '(a folder)'}"
        elif isinstance(facts, dict) and "artifact" in facts:
            yield f"- {part}: those of the fast model `{facts['artifact']}`, made from"
            yield from (f"  {line}" for line in _data(facts["data"]))
        else:
            yield f"- {part.replace('_', ' ')}: {facts}"


def _unlabelled(facts: dict[str, Any]) -> Iterator[str]:
    names = ", ".join(file["name"] for file in facts["files"])
    yield f"- without labels: {names}, {facts['texts']:,} different reviews that are not among the"
    yield f"  labelled ones, sha256 of these `{facts['sha256']}`; no label of theirs was known"
    for teacher in facts["teachers"]:
        yield f"- judged by: {teacher['name']}, digest `{teacher['digest']}`"


def _figures(metrics: dict[str, Any]) -> Iterator[str]:
    measured = {name: metrics[name] for name in NAMES if name in metrics}
    if not measured:
        yield "It was sealed without labelled reviews, so nothing was measured."
        return
    yield "| measured on | reviews | accuracy | F1 | ROC AUC | calibration error |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, found in measured.items():
        yield (
            f"| {NAMES[name]} | {found['reviews']:,} | {found['accuracy']:.2%} | {found['f1']:.2%} "
            f"| {found['roc_auc']:.4f} | {found['calibration_error']:.2%} |"
        )


def _licence(data: dict[str, Any]) -> Iterator[str]:
    if "hub" in data or "base" in data:
        yield "That of the model or encoder that it was made from: see its repository."
    yield "NSMC, where it was trained on that, is in the public domain (CC0). Who made the artifact"
    yield "decides on its own licence."
