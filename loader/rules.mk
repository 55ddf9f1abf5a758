# loader/: what runs on the laptop. Knows nothing of flash or of the agent's inside.
LOADER_HOST    := $(addprefix loader/,link/link.c link/socket.c session/session.c \
    record/verdict.c record/trust_store.c record/receipt_write.c record/receipt_read.c)
LOADER_PROGRAM := $(wildcard loader/suture.c loader/cmd/cmd_*.c)
