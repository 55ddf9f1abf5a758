# agent/: what runs in the device. protocol/ is shared with the loader; the rest is the engine and its ports.
PROTOCOL_DEVICE := $(addprefix agent/protocol/,smp.c frame_raw.c frame_writer.c frame_reader.c line.c fields_read.c \
    fields_write.c messages.c client.c client_transfer.c client_pace.c)
AGENT_DEVICE    := $(addprefix agent/,layout.c record.c boot.c log.c \
    area_stream.c document.c identity.c meta.c journal.c slot.c trust_store.c \
    agent.c agent_state.c steps.c interlock.c judge.c gather.c upload.c staging.c resume.c measure.c measured.c \
    trial.c evidence.c refusal.c serve.c serve_os.c serve_image.c serve_suture.c serve_acts.c) \
    $(addprefix agent/ports/usb/,usb_identity.c descriptors.c os_descriptors.c dfu.c usb_device.c pipes.c)

# ports/linux: suture-agent, host code around the same engine
AGENT_LINUX_HOST    := $(addprefix agent/ports/linux/,config.c storage.c disk.c state_disk.c slot_disk.c provision.c \
    say.c hook.c holds.c boot_control.c boot_program.c boot_uboot.c handover.c linux_port.c machine.c status.c \
    door.c door_socket.c door_tty.c door_usb.c gadget.c gadget_configfs.c gadget_functions.c)
AGENT_LINUX_PROGRAM := $(wildcard agent/ports/linux/suture_agent.c agent/ports/linux/cmd_*.c)
