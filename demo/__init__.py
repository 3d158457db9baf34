from . import telephony_demo
