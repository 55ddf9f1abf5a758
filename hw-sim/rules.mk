# hw-sim/: devices made of memory, with the real agent inside.
SIM_HOST    :=
SIM_PROGRAM := $(wildcard hw-sim/suture_sim.c hw-sim/cmd_*.c)
