"""Countries that may be called (voice geographic permissions)."""

#: Country: (dialing code, name, continent). Enough for examples and refusals.
COUNTRIES = {
    "BE": ("32", "Belgium", "EUROPE"),
    "FR": ("33", "France", "EUROPE"),
    "NL": ("31", "Netherlands", "EUROPE"),
    "DE": ("49", "Germany", "EUROPE"),
    "GB": ("44", "United Kingdom", "EUROPE"),
    "ES": ("34", "Spain", "EUROPE"),
    "US": ("1", "United States/Canada", "NORTH_AMERICA"),
    "CN": ("86", "China", "ASIA"),
    "CU": ("53", "Cuba", "NORTH_AMERICA"),
    "KP": ("850", "North Korea", "ASIA"),
}
CLOSED = ("CU", "KP")


class Permissions:
    """Open and closed countries."""

    def __init__(self):
        self.closed = set(CLOSED)

    def forbidden(self, number):
        """Return whether an E.164 number lies in a closed country."""
        return any(number.startswith("+" + COUNTRIES[code][0]) for code in self.closed)
