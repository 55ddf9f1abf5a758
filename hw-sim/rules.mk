# hw-sim/: devices made of memory, with the real agent inside.
SIM_HOST    := $(addprefix hw-sim/,chance.c power.c clock.c flash.c flash_file.c profile.c placement.c factory.c \
    cable.c wire.c faults.c fault_words.c usb_bus.c usb_door.c usb_redir.c \
    door.c door_socket.c door_pty.c device.c device_power.c device_port.c control.c control_verbs.c)
SIM_PROGRAM := $(wildcard hw-sim/suture_sim.c hw-sim/cmd_*.c)
