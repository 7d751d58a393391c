"""What is measured: the metrics that docs/http.md tells of, with all their series."""

from itertools import product

from pipeline.labels import NEGATIVE, POSITIVE
from pipeline.server.metrics_table import Measure
from pipeline.server.settings import DEEP, FAST

NONE, OTHER = "none", "other"
MODEL = "sentiment_model_info"
WRITTEN, LOST = "written", "lost"

SLOTS = (FAST, DEEP)
STATUSES = (
    *("200", "206", "304", "400", "401", "403", "404", "405", "408", "411", "413", "414", "415"),
    *("416", "421", "422", "429", "431", "500", "501", "503", "504", OTHER),
)
LATENCY = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25)
QUEUE_WAIT = LATENCY[1:]
BATCH = (1, 2, 4, 8, 16, 32, 64, 128)


def measures(routes: list[str]) -> tuple[Measure, ...]:
    """All measures; MODEL has the digests of models as numbers, which a scrape counts."""
    slots = (*SLOTS, NONE)
    by_slot = [(slot,) for slot in SLOTS]
    request, text = ("route", "status", "slot"), ("slot", "label")
    return (
        Measure(
            "counter",
            "sentiment_requests",
            "Requests answered.",
            request,
            list(product(routes, STATUSES, slots)),
        ),
        Measure(
            "histogram",
            "sentiment_request_seconds",
            "From the last byte of a request to its answer.",
            ("route", "slot"),
            list(product(routes, slots)),
            LATENCY,
        ),
        Measure(
            "counter",
            "sentiment_texts",
            "Texts labelled.",
            text,
            list(product(SLOTS, (POSITIVE, NEGATIVE))),
        ),
        Measure(
            "histogram",
            "sentiment_batch_texts",
            "Texts that went through the model together.",
            ("slot",),
            by_slot,
            BATCH,
        ),
        Measure(
            "histogram",
            "sentiment_queue_wait_seconds",
            "How long a request waited for its first text to go into a batch.",
            ("slot",),
            by_slot,
            QUEUE_WAIT,
        ),
        Measure("gauge", "sentiment_requests_in_flight", "Requests in or for a thread."),
        Measure(
            "counter",
            "sentiment_captured_texts",
            "Texts drawn for the captured sample.",
            ("outcome",),
            [(WRITTEN,), (LOST,)],
        ),
        Measure("counter", "sentiment_log_lines_lost", "Lines of the log not written."),
        Measure("gauge", MODEL, "", ("slot",), by_slot),
    )
