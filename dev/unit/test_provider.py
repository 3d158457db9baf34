"""The interface of a provider, and Twilio as its implementation."""

import inspect

import pytest
from providers.base import (
    Provider,
    ProviderAdmin,
    ProviderClient,
    get_provider,
    register_provider,
)
from providers.twilio.admin import TwilioAdmin
from providers.twilio.client import TwilioClient
from providers.twilio.provider import TwilioProvider

PAIRS = [
    (interface, implementation, name)
    for interface, implementation in (
        (ProviderClient, TwilioClient),
        (ProviderAdmin, TwilioAdmin),
        (Provider, TwilioProvider),
    )
    for name in sorted(interface.__abstractmethods__)
]


@pytest.mark.parametrize(("interface", "implementation", "name"), PAIRS)
def test_twilio_takes_what_the_interface_names(interface, implementation, name):
    wanted, found = getattr(interface, name), getattr(implementation, name)
    assert inspect.signature(found) == inspect.signature(wanted)


@pytest.mark.parametrize(("interface", "_implementation", "name"), PAIRS)
def test_each_method_of_the_interface_is_explained(interface, _implementation, name):
    assert inspect.getdoc(getattr(interface, name))


@pytest.mark.parametrize("implementation", [TwilioClient, TwilioAdmin])
def test_twilio_has_no_public_method_beside_the_interface(implementation):
    public = {name for name in dir(implementation) if not name.startswith("_")}
    assert public <= ProviderAdmin.__abstractmethods__


def test_twilio_is_registered():
    assert isinstance(get_provider("twilio"), TwilioProvider)


def test_a_provider_that_misses_a_method_cannot_be_made():
    class Other(Provider):
        def render(self, response):
            return ""

    with pytest.raises(TypeError, match="make_client"):
        Other()


def test_a_registered_provider_replaces_the_former_one():
    twilio, other = get_provider("twilio"), TwilioProvider()
    assert register_provider("twilio", other) is twilio
    assert get_provider("twilio") is other
    assert register_provider("twilio", twilio) is other


def test_an_unknown_provider_is_an_error():
    with pytest.raises(KeyError, match="carrier pigeon"):
        get_provider("carrier pigeon")
