# agent/: what runs in the device. protocol/ is shared with the loader; the rest is the engine.
PROTOCOL_DEVICE :=
AGENT_DEVICE    := $(addprefix agent/,layout.c record.c boot.c log.c)
