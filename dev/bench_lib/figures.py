"""Series of measured durations, and their statistics."""

import statistics


class Series:
    """Durations of one act in milliseconds, with queries and processor time."""

    def __init__(self):
        self.times = []
        self.queries = []
        self.processor = []

    def add(self, seconds, queries=None, processor=None):
        """Add one measurement.

        :param float seconds: its duration.
        :param int queries: its SQL queries, if they were counted.
        :param float processor: processor seconds of the server, if measured.
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
            # The duration on a machine without other load.
            "p10_ms": round(self.percentile(0.1), 3),
        }
        if self.processor:
            result["processor_ms"] = round(statistics.median(self.processor), 3)
        if self.queries:
            result["queries_median"] = statistics.median(self.queries)
            result["queries_max"] = max(self.queries)
        return result


def ratio(one, other):
    """Return the median of the one divided by the median of the other."""
    return round(one.median / other.median, 2)
