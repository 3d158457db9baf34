"""Series of measured durations, and what is said about them."""

import statistics


class Series:
    """Durations of one thing, in milliseconds, with what went with them."""

    def __init__(self):
        self.times = []
        self.queries = []
        self.processor = []

    def add(self, seconds, queries=None, processor=None):
        """Keep one measurement.

        :param float seconds: how long it took.
        :param int queries: SQL queries it made, if they were counted.
        :param float processor: seconds that the server's processor worked, if measured.
        """
        self.times.append(seconds * 1000)
        if queries is not None:
            self.queries.append(queries)
        if processor is not None:
            self.processor.append(processor * 1000)

    @property
    def median(self):
        """Return the median in milliseconds."""
        return statistics.median(self.times)

    def percentile(self, share):
        """Return a percentile in milliseconds.

        :param float share: 0 to 1.
        """
        return sorted(self.times)[int(share * (len(self.times) - 1))]

    def summary(self):
        """Return the figures of this series, ready for JSON."""
        result = {
            "count": len(self.times),
            "median_ms": round(self.median, 3),
            "p95_ms": round(self.percentile(0.95), 3),
            # What the same would take on a machine that nobody else works on.
            "p10_ms": round(self.percentile(0.1), 3),
        }
        if self.processor:
            result["processor_ms"] = round(statistics.median(self.processor), 3)
        if self.queries:
            result["queries_median"] = statistics.median(self.queries)
            result["queries_max"] = max(self.queries)
        return result


def ratio(one, other):
    """Return how many times the median of the other is in the median of the one."""
    return round(one.median / other.median, 2)
