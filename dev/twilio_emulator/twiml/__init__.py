"""TwiML: reading, checking and carrying out documents."""
