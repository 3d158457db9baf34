"""Sound: 8 kHz mono, 16 bit, in frames of 20 ms; converted only at the WebRTC edge."""
