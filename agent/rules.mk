# agent/: what runs in the device. protocol/ is shared with the loader; the rest is the engine.
PROTOCOL_DEVICE := $(addprefix agent/protocol/,smp.c frame_raw.c fields_read.c fields_write.c messages.c client.c \
    client_transfer.c)
AGENT_DEVICE    := $(addprefix agent/,layout.c record.c boot.c log.c)
