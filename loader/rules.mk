# loader/: what runs on the laptop. Knows nothing of flash or of the agent's inside.
LOADER_HOST    :=
LOADER_PROGRAM := $(wildcard loader/suture.c loader/cmd/cmd_*.c)
