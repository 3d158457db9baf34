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
#: Prefixes of premium-rate and service numbers, the high-risk special group of a country.
SPECIAL = {"BE": ("+3290",), "GB": ("+449",), "FR": ("+3389",), "US": ("+1900",), "DE": ("+49900",)}


def country_of(number):
    """Return the country of a number as ``FromCountry`` and ``ToCountry`` show it, or empty."""
    codes = (code for code, row in COUNTRIES.items() if (number or "").startswith("+" + row[0]))
    return next(codes, "")


class Permissions:
    """Open and closed countries."""

    def __init__(self):
        self.closed = set(CLOSED)
        # Countries whose expensive numbers are open, by kind.
        # https://www.twilio.com/docs/voice/api/dialing-permissions-resources
        self.special, self.tollfraud = set(), set()

    def set(self, values):
        """Replace some of the lists of countries.

        :param dict values: ``closed``, ``special``, ``tollfraud`` -> codes of countries.
        :raise ValueError: for another name, or an unknown country.
        """
        if set(values) - {"closed", "special", "tollfraud"}:
            raise ValueError("The lists are closed, special and tollfraud")
        if set().union(*values.values()) - set(COUNTRIES):
            raise ValueError("A country is unknown")
        for name, codes in values.items():
            setattr(self, name, set(codes))

    def as_dict(self):
        """Return the lists of countries."""
        return {name: sorted(getattr(self, name)) for name in ("closed", "special", "tollfraud")}

    def forbidden(self, number):
        """Return whether an E.164 number lies in a closed country."""
        country = next(
            (code for code, (prefix, *_) in COUNTRIES.items() if number.startswith("+" + prefix)),
            None,
        )
        if number.startswith(tuple(SPECIAL.get(country, ()))):
            return country not in self.special
        return country in self.closed
