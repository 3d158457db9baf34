"""Servers, browsers and page objects of the end-to-end stories."""
