"""Servers, browsers and page objects of stories, torture and bench."""
