# hw-sim/: devices made of memory, with the real agent inside.
SIM_HOST    := $(addprefix hw-sim/,chance.c power.c flash.c flash_file.c clock.c cable.c faults.c fault_words.c wire.c usb_bus.c usb_door.c usb_redir.c profile.c placement.c unix_socket.c \
    door.c door_socket.c door_pty.c device.c device_power.c device_port.c control.c control_verbs.c factory.c)
SIM_PROGRAM := $(wildcard hw-sim/suture_sim.c hw-sim/cmd_*.c)
