# hw-sim/: devices made of memory, with the real agent inside.
SIM_HOST    := $(addprefix hw-sim/,chance.c power.c flash.c flash_file.c clock.c cable.c profile.c placement.c unix_socket.c door_socket.c)
SIM_PROGRAM := $(wildcard hw-sim/suture_sim.c hw-sim/cmd_*.c)
