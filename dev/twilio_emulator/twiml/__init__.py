"""TwiML: reading, checking and executing documents."""
